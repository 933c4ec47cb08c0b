namespace Sema.Onnx.Graphs.Lowering;

/// <summary>ONNX Runtime's products with, and look-ups in, weights of 4 or 8 bits whose scales belong to blocks of a row.</summary>
/// <remarks>
/// Two 4-bit numbers stand in a byte, the first in its lower half, which is how uint4 tensors stand in a file as well: the same bytes are
/// read as uint4, behind DequantizeLinear. Scales of 0 stand for weights of 0, and become the least number that can be divided by.
/// </remarks>
internal static class PackedWeights
{
    // y = x Ŵᵀ + b, Ŵ [N, K] in blocks, the last filled up. The accuracy_level allows kernels to round x as well (4: to 8 bits, by block), each in
    // its own way where it has one; gradients are those of x as it is, and the outputs differ by that rounding.
    internal static IReadOnlyList<Value?> MatMul(Node y)
    {
        if (y.Optional(4) is { } order)
            throw y.Refused($"its input 4 ('{order.Name}'), an order of the columns, is not supported");
        y.Only("weight_prepacked", 0);
        long n = y.Count("N"), k = y.Count("K"), block = y.Count("block_size"), blocks = (k + block - 1) / block, bits = Bits(y);
        var (w, scale) = (Stored(y, y[1], bits, [n, blocks, block]), Scale(y[2], n, blocks, 1));
        var floatZero = y.Optional(3) is { Type: not ElementType.UInt8 } given ? given : null;
        var zero = floatZero is not null ? null : Zero(y, y.Optional(3), w.Type, bits, [n, blocks, 1]);
        var floats = w.Graph.Emit("DequantizeLinear", [w, scale, zero], ("axis", 2), ("block_size", block)).As(scale.Type);
        if (floatZero is not null)
            floats -= floatZero.Reshape(n, blocks, 1) * scale;
        var rows = floats.Reshape(n, blocks * block);
        var product = y[0].MatMul((blocks * block == k ? rows : rows.Slice(1, 0, k)).Transpose(1, 0));
        return [y.Optional(5) is { } bias ? product + bias : product];
    }

    internal static IReadOnlyList<Value?> Gather(Node y)
    {
        var (data, bits, sizes) = (y[0], Bits(y), Enumerable.Range(0, y.RankOf(y[0])).Select(i => y.Size(y[0], i)).ToArray());
        if (data.Type == ElementType.UInt8 && bits == 4)
            sizes[^1] *= 2;
        var axis = y.Axis("quantize_axis", 1, sizes.Length);
        long block = y.Int("block_size", 128);
        var w = data.Type == ElementType.UInt8 ? Stored(y, data, bits, sizes) : data;
        long[] blocks = [.. sizes.Select((size, i) => i == axis ? (size + block - 1) / block : size)];
        var scale = Scale(y[2], blocks);
        var zero = data.Type is ElementType.UInt4 or ElementType.Int4 && w == data && w.Storage is null ? y.Optional(3) : Zero(y, y.Optional(3), w.Type, bits, blocks);
        var floats = w.Graph.Emit("DequantizeLinear", [w, scale, zero], ("axis", axis), ("block_size", block)).As(scale.Type);
        return [floats.Gather(y[1], y.Int("gather_axis", 0))];
    }

    private static long Bits(Node y) => y.Int("bits", 4) is var bits && bits is 4 or 8 ? bits : throw y.Refused($"{y.Int("bits", 4)} bits are not supported");

    // The file's bytes as numbers; what else reads them would see others.
    private static Value Stored(Node y, Value packed, long bits, long[] dims)
    {
        if (packed.Initializer is not { } bytes)
            throw y.Refused($"its weight '{packed.Name}' is no constant, which is not supported");
        if (dims.Aggregate((Int128)bits, (n, d) => n * d) != (Int128)bytes.Count * (packed.Type.IsHalfByte() ? 4 : 8))
            throw y.Refused($"its weight '{packed.Name}' of shape {bytes.Shape} does not hold {string.Join('x', dims)} numbers of {bits} bits");
        if (bits == 8 || packed.Type == ElementType.UInt4)
            return packed;
        if (y.Graph.Nodes.Exists(n => n.QualifiedType != y.QualifiedType && n.Inputs.Contains(packed)))
            throw y.Refused($"its weight '{packed.Name}' is read by another operator as well, which is not supported");
        (packed.Type, packed.Initializer, packed.Shape) = (ElementType.UInt4, bytes.Reread(ElementType.UInt4, dims), Shape.Of(dims));
        packed.Storage = new(ElementType.UInt4) { Dims = [.. bytes.Dims] };
        return packed;
    }

    private static Value Scale(Value scale, params long[] dims)
    {
        if (scale.Initializer is not { } constant)
            return scale.Reshape(dims);
        var least = constant.Type == ElementType.Float32 ? 1.1754944E-38f : 5.9604645E-08f;
        var numbers = Array.ConvertAll(constant.ToFloat32(), s => s == 0 ? least : s);
        return scale.Graph.AddInitializer(scale.Graph.UniqueName($"{scale.Name}_blocks"), new(constant.Type, dims, FloatBytes.Encode(constant.Type, numbers)));
    }

    // One for each block; those of 4 bits stand two in a byte, each row from a byte on. Without any it is the middle.
    private static Value Zero(Node y, Value? zero, ElementType type, long bits, long[] dims)
    {
        var numbers = new byte[Tensor.ElementCount(dims)];
        if (zero is null)
            Array.Fill(numbers, (byte)(1 << (int)(bits - 1)));
        else if (zero.Initializer is not { Type: ElementType.UInt8 } constant)
            throw y.Refused($"its zero points '{zero.Name}' are no constant of uint8, which is not supported");
        else
            Unpack(constant.Data.Span, numbers, bits, dims[^1] == 1 ? dims[^2] : dims[^1]);
        byte[] stored = type == ElementType.UInt4 ? [.. numbers.Chunk(2).Select(pair => (byte)(pair[0] | (pair.ElementAtOrDefault(1) << 4)))] : numbers;
        return y.Graph.AddInitializer(y.Graph.UniqueName($"{zero?.Name ?? "middle"}_blocks"), new(type, dims, stored));
    }

    private static void Unpack(ReadOnlySpan<byte> packed, byte[] numbers, long bits, long row)
    {
        var stride = (row * bits + 7) / 8;
        if (packed.Length != numbers.Length / row * stride)
            throw new InvalidModelException($"Zero points of {packed.Length} bytes do not fit {numbers.Length} blocks.");
        for (var i = 0L; i < numbers.Length; i++)
        {
            var (at, bit) = Math.DivRem(i % row * bits, 8);
            numbers[i] = (byte)(packed[(int)(i / row * stride + at)] >> (int)bit & ((1 << (int)bits) - 1));
        }
    }
}
