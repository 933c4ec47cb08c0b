namespace Sema.Onnx.Graphs.Patching;

/// <summary>The field numbers of <c>TensorProto</c>, but for the typed data (<see cref="TensorEncoding.Field"/>).</summary>
internal static class TensorField
{
    public const int Dims = 1;
    public const int DataType = 2;
    public const int Name = 8;
    public const int RawData = 9;
    public const int ExternalData = 13;
    public const int DataLocation = 14;
}
