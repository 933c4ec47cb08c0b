namespace Sema.Onnx.Graphs.Patching;

/// <summary>A field where it lies in the file: tag, length (of <see cref="WireType.Bytes"/> only), payload.</summary>
/// <param name="Number">The field's number in its message.</param>
/// <param name="Type">Its wire type.</param>
/// <param name="Tag">Offset of the tag.</param>
/// <param name="Prefix">Offset of the length prefix; equal to <paramref name="Start"/> where there is none.</param>
/// <param name="Start">Offset of the payload.</param>
/// <param name="End">Offset of the first byte after it.</param>
/// <param name="Value">The value of a varint; 0 for the others.</param>
internal readonly record struct WireField(
    int Number, WireType Type, long Tag, long Prefix, long Start, long End, ulong Value)
{
    public long Length => End - Start;
}
