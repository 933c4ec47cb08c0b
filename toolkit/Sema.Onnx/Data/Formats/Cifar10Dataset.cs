using System.Buffers.Binary;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data.Formats;

/// <summary>Colour images uint8 [3,32,32] with labels int64, kept as the records of their files.</summary>
/// <param name="files">Each file's content: whole records, at least one.</param>
internal sealed class Cifar10Dataset(byte[][] files) : IDataset
{
    internal const int RecordBytes = 1 + 3 * 32 * 32;

    public int Count { get; } = files.Sum(file => file.Length / RecordBytes);

    public ArraySpec Input { get; } = new(ElementType.UInt8, 3, 32, 32);

    public ArraySpec Target { get; } = new(ElementType.Int64);

    public void Read(int index, Span<byte> input, Span<byte> target)
    {
        SampleArguments.Check(this, index, input, target);
        var file = 0;
        for (; index >= files[file].Length / RecordBytes; file++)
            index -= files[file].Length / RecordBytes;

        var record = files[file].AsSpan(index * RecordBytes, RecordBytes);
        BinaryPrimitives.WriteInt64LittleEndian(target, record[0]);
        record[1..].CopyTo(input);
    }
}
