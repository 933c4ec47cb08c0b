using System.Buffers.Binary;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data;

/// <summary>Sample i has every pixel i (mod 256) but the first, which is 200, and the label i.</summary>
internal sealed class CountingDataset(int count, ArraySpec? input = null) : IDataset
{
    public int Count => count;

    public ArraySpec Input { get; } = input ?? new ArraySpec(ElementType.UInt8, 1, 4, 4);

    public ArraySpec Target { get; } = new(ElementType.Int64);

    internal int? FailsAt { get; init; }

    public void Read(int index, Span<byte> input, Span<byte> target)
    {
        if (index == FailsAt)
            throw new DataException($"Sample {index} is broken.");
        input.Fill((byte)index);
        input[0] = 200;
        BinaryPrimitives.WriteInt64LittleEndian(target, index);
    }
}
