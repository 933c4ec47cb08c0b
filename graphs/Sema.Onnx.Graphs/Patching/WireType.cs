namespace Sema.Onnx.Graphs.Patching;

/// <summary>How protobuf lays a field out. Groups (3, 4) are not among them: ONNX has none.</summary>
internal enum WireType
{
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}
