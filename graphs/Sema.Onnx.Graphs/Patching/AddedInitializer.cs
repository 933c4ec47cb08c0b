namespace Sema.Onnx.Graphs.Patching;

/// <summary>A tensor that the model did not have before.</summary>
/// <param name="ElementType">
/// The element type as ONNX numbers it (<c>TensorProto.DataType</c>): 1 float32, 7 int64, 10 float16, ...; no strings.
/// </param>
/// <param name="Dims">The dimensions, each at least 0; empty for a scalar.</param>
/// <param name="Data">The elements as in <see cref="TensorPatch.Data"/>.</param>
public sealed record AddedInitializer(int ElementType, IReadOnlyList<long> Dims, ReadOnlyMemory<byte> Data);
