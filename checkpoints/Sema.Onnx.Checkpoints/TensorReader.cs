namespace Sema.Onnx.Checkpoints;

/// <summary>Fills a span with a tensor's bytes, row-major and little-endian.</summary>
/// <param name="offset">The first byte to give, counted from the tensor's start.</param>
/// <param name="destination">Where to; all of it is to be filled, and it ends at the tensor's end or before it.</param>
public delegate void TensorReader(long offset, Span<byte> destination);
