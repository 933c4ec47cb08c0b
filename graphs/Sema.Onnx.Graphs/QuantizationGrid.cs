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

    /// <summary>Gets the type of the stored integers.</summary>
    internal ElementType Type { get; }

    /// <summary>Gets what a DequantizeLinear makes of an integer constant, or <see langword="null"/> where its scales are computed, not finite, or not positive.</summary>
    /// <param name="node">The node.</param>
    /// <param name="integers">The constant.</param>
    internal static QuantizationGrid? Of(Node node, Tensor integers)
    {
        if (Limits(integers.Type) is null || Constant(node[1]) is not { } scale || !scale.Type.IsFloat() || scale.Count == 0)
            return null;
        var scales = scale.ToFloat32();
        var zeros = node.Optional(2) is { } given ? Constant(given)?.ToInt64() : [0];
        if (zeros is [var zero])
            zeros = [.. Enumerable.Repeat(zero, scales.Length)];
        if (zeros?.Length != scales.Length || !Array.TrueForAll(scales, s => float.IsFinite(s) && s > 0))
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

    /// <summary>Gets the least and the largest integer of a type that quantised values have, or <see langword="null"/> for another type.</summary>
    internal static (long Least, long Largest)? Limits(ElementType type) => type switch
    {
        ElementType.UInt8 => (byte.MinValue, byte.MaxValue),
        ElementType.Int8 => (sbyte.MinValue, sbyte.MaxValue),
        ElementType.UInt16 => (ushort.MinValue, ushort.MaxValue),
        ElementType.Int16 => (short.MinValue, short.MaxValue),
        ElementType.Int32 => (int.MinValue, int.MaxValue),
        _ => null,
    };

    /// <summary>Gets the constant behind a value, through Identity.</summary>
    internal static Tensor? Constant(Value value) => value.Initializer ?? (value.Producer is { OpType: "Identity" } node ? Constant(node[0]) : null);

    /// <summary>Gets the numbers that stored integers stand for.</summary>
    internal float[] Dequantize(Tensor integers) => [.. integers.ToInt64().Select((q, i) => (q - _zeros[At(i)]) * _scales[At(i)])];

    /// <summary>Gets the integers of the nearest numbers, as QuantizeLinear makes them: half to even, saturating.</summary>
    internal byte[] Quantize(ReadOnlySpan<float> values)
    {
        var (least, largest) = Limits(Type)!.Value;
        var size = Type.Size();
        var bytes = new byte[values.Length * size];
        for (var i = 0; i < values.Length; i++)
        {
            // In float32, as the graph divides.
            var steps = MathF.Round(values[i] / _scales[At(i)], MidpointRounding.ToEven);
            var q = (long)Math.Clamp((double)steps + _zeros[At(i)], least, largest);
            MemoryMarshal.AsBytes(new ReadOnlySpan<long>(in q))[..size].CopyTo(bytes.AsSpan(i * size)); // little-endian
        }

        return bytes;
    }

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
