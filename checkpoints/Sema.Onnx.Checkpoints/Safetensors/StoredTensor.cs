namespace Sema.Onnx.Checkpoints.Safetensors;

/// <summary>A tensor and where its values begin, in bytes from the end of the header.</summary>
internal sealed record StoredTensor(TensorInfo Info, long Begin)
{
    internal long End => Begin + Info.ByteLength;
}
