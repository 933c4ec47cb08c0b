namespace Sema.Onnx.Data;

/// <summary>The order of an image's axes in a model's input.</summary>
public enum PixelLayout
{
    /// <summary>Found from the model's shape: channels are first if the first axis is 1 or 3, last if only the last
    /// axis is.</summary>
    Auto,

    /// <summary>[C, H, W], as PyTorch exports.</summary>
    ChannelsFirst,

    /// <summary>[H, W, C], as TensorFlow exports.</summary>
    ChannelsLast,
}
