namespace Sema.Onnx.Graphs.Patching;

/// <summary>The new values of a tensor that keeps its element type.</summary>
/// <param name="Dims">The dimensions, each at least 0; empty for a scalar.</param>
/// <param name="Data">
/// The elements in row-major order, little-endian, in the tensor's own element type; 4-bit elements two a byte, the first
/// in the low half.
/// </param>
public sealed record TensorPatch(IReadOnlyList<long> Dims, ReadOnlyMemory<byte> Data);
