namespace Sema.Onnx.Data;

/// <summary>The order in which a model expects the colours of a pixel. Stored images are RGB.</summary>
public enum ChannelOrder
{
    /// <summary>Red, green, blue.</summary>
    Rgb,

    /// <summary>Blue, green, red, as models from Caffe and OpenCV expect.</summary>
    Bgr,
}
