using System.Runtime.InteropServices;

namespace Sema.Onnx.Graphs;

/// <summary>The numbers that a quantised tensor can hold: x = (q − zero point)·scale, one scale for all, for each index of an axis, or for each block along it.</summary>
internal sealed class QuantizationGrid
{
    private readonly float[] _scales;
    private readonly long[] _zeros;
    private readonly long _size, _inner, _block, _blocks;

    private QuantizationGrid(ElementType type, float[] scales, long[] zeros, long size, long inner, long block, long blocks) =>
        (Type, _scales, _zeros, _size, _inner, _block, _blocks) = (type, scales, zeros, size, inner, block, blocks);

    /// <summary>Gets the type of what is stored.</summary>
    internal ElementType Type { get; }

    /// <summary>Gets what a DequantizeLinear makes of an integer constant, or <see langword="null"/> where its scales are computed, not finite, or 0.</summary>
    /// <param name="node">The node.</param>
    /// <param name="integers">The constant.</param>
    internal static QuantizationGrid? Of(Node node, Tensor integers)
    {
        if (!IsStored(integers.Type) || Constant(node[1]) is not { } scale || !scale.Type.IsFloat() || scale.Count == 0)
            return null;
        var scales = scale.ToFloat32();
        var zeros = node.Optional(2) is { } given ? Zeros(Constant(given)) : [0];
        if (zeros is [var zero])
            zeros = [.. Enumerable.Repeat(zero, scales.Length)];
        if (zeros?.Length != scales.Length || !Array.TrueForAll(scales, s => float.IsFinite(s) && s != 0))
            return null;
        if (scales.Length == 1)
            return new(integers.Type, scales, zeros, 1, long.MaxValue, 0, 0);

        var axis = node.Axis("axis", 1, integers.Dims.Count);
        var (size, inner, block) = (integers.Dims[axis], integers.Dims.Skip(axis + 1).Aggregate(1L, (n, d) => n * d), node.Int("block_size", 0));
        var blocks = block > 0 ? (size + block - 1) / block : 0;
        var expected = block > 0 ? integers.Count / Math.Max(size, 1) * blocks : size;
        return scales.Length == expected ? new(integers.Type, scales, zeros, size, inner, block, blocks)
            : throw new InvalidModelException($"Operator '{node.OpType}', node {node.Label}: {scales.Length} scales do not fit the shape {integers.Shape}, whose axis {axis} takes {expected}.");
    }

    /// <summary>Gets whether quantised values have a type.</summary>
    internal static bool IsStored(ElementType type) => Limits(type) is not null || Float8.Of(type) is not null;

    /// <summary>Gets the least and the largest integer of a type that quantised values have, or <see langword="null"/> for another type.</summary>
    internal static (long Least, long Largest)? Limits(ElementType type) => type switch
    {
        ElementType.UInt8 => (byte.MinValue, byte.MaxValue),
        ElementType.Int8 => (sbyte.MinValue, sbyte.MaxValue),
        ElementType.UInt16 => (ushort.MinValue, ushort.MaxValue),
        ElementType.Int16 => (short.MinValue, short.MaxValue),
        ElementType.Int32 => (int.MinValue, int.MaxValue),
        ElementType.UInt4 => (0, 15),
        ElementType.Int4 => (-8, 7),
        _ => null,
    };

    /// <summary>Gets the constant behind a value, through Identity.</summary>
    internal static Tensor? Constant(Value value) => value.Initializer ?? (value.Producer is { OpType: "Identity" } node ? Constant(node[0]) : null);

    /// <summary>Gets the numbers that stored integers stand for.</summary>
    internal float[] Dequantize(Tensor stored) => Float8.Of(Type) is null
        ? [.. stored.ToInt64().Select((q, i) => (q - _zeros[At(i)]) * _scales[At(i)])]
        : [.. stored.ToFloat32().Select((q, i) => q * _scales[At(i)])];

    /// <summary>Gets the integers (or small floats) of the nearest numbers, as QuantizeLinear makes them: half to even, saturating.</summary>
    internal byte[] Quantize(ReadOnlySpan<float> values)
    {
        var bytes = new byte[Type.ByteLength(values.Length)];
        // In float32, as the graph divides.
        for (var i = 0; i < values.Length; i++)
            Put(bytes, i, values[i] / _scales[At(i)]);
        return bytes;
    }

    private void Put(byte[] bytes, int i, float steps)
    {
        if (Float8.Of(Type) is { } format)
        {
            bytes[i] = format.Encode(steps);
            return;
        }

        var (least, largest) = Limits(Type)!.Value;
        var q = (long)Math.Clamp((double)MathF.Round(steps, MidpointRounding.ToEven) + _zeros[At(i)], least, largest);
        if (Type.IsHalfByte())
            bytes[i / 2] |= (byte)((q & 15) << (i % 2 * 4));
        else
            MemoryMarshal.AsBytes(new ReadOnlySpan<long>(in q))[..Type.Size()].CopyTo(bytes.AsSpan(i * Type.Size())); // little-endian
    }

    // Floats have no zero point but 0.
    private static long[]? Zeros(Tensor? tensor) => tensor is null || Float8.Of(tensor.Type) is null ? tensor?.ToInt64()
        : Array.TrueForAll(tensor.ToFloat32(), z => z == 0) ? new long[tensor.Count] : null;

    /// <summary>Gets whether two grids hold the same numbers.</summary>
    internal bool IsSame(QuantizationGrid other) => Type == other.Type && (_size, _inner, _block) == (other._size, other._inner, other._block)
        && _scales.AsSpan().SequenceEqual(other._scales) && _zeros.AsSpan().SequenceEqual(other._zeros);

    // Which scale an element has.
    private long At(long element)
    {
        var index = element / _inner % _size;
        return _block == 0 ? index : (element / _inner / _size * _blocks + index / _block) * _inner + element % _inner;
    }
}
