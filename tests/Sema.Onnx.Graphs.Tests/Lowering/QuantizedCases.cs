using static Sema.Onnx.Graphs.QuantizationGridTests;

namespace Sema.Onnx.Graphs.Lowering;

/// <summary>Forms of the operators that ONNX Runtime's quantisation leaves; all round.</summary>
internal static class QuantizedCases
{
    internal static IEnumerable<LoweringCase> All => Table.Select(c => c.Rounding());

#pragma warning disable format // a table: aligned columns
    private static LoweringCase[] Table =>
    [
        new("com.microsoft.DynamicQuantizeMatMul", "plain",          g => g.Ms("DynamicQuantizeMatMul", [g.In(2, 3, 4), W(g, ElementType.Int8, 4, 5), Scale(g, 1)])),
        new("com.microsoft.DynamicQuantizeMatMul", "zero point, bias", g => g.Ms("DynamicQuantizeMatMul", [g.In(3, 4), W(g, ElementType.UInt8, 4, 5), Scale(g, 1), Zero(g, ElementType.UInt8, 1), g.In(5)])),
        new("com.microsoft.DynamicQuantizeMatMul", "by column",      g => g.Ms("DynamicQuantizeMatMul", [g.In(3, 4), W(g, ElementType.Int8, 4, 5), Scale(g, 5), Zero(g, ElementType.Int8, 5)])),
        new("com.microsoft.MatMulIntegerToFloat", "plain",           g => OfIntegers(g, ElementType.UInt8, 1)),
        new("com.microsoft.MatMulIntegerToFloat", "by column, bias", g => OfIntegers(g, ElementType.Int8, 5, g.In(5))),
        new("com.microsoft.MatMulNBits", "4 bits",                   g => NBits(g, 4, 32, [0])),
        new("com.microsoft.MatMulNBits", "4 bits, zero points, bias, a block not filled", g => NBits(g, 4, 20, [1], bias: true)),
        new("com.microsoft.MatMulNBits", "8 bits",                   g => NBits(g, 8, 32, [0])),
        new("com.microsoft.MatMulNBits", "8 bits, zero points, a block not filled", g => NBits(g, 8, 20, [1])),
        new("com.microsoft.MatMulNBits", "float zero points",        g => NBits(g, 4, 32, [2])),
        new("com.microsoft.GatherBlockQuantized", "4 bits in bytes", g => Rows(g, ElementType.UInt8, 4, false)),
        new("com.microsoft.GatherBlockQuantized", "4 bits in bytes, zero points", g => Rows(g, ElementType.UInt8, 4, true)),
        new("com.microsoft.GatherBlockQuantized", "8 bits",          g => Rows(g, ElementType.UInt8, 8, false)),
        new("com.microsoft.GatherBlockQuantized", "int4",            g => Rows(g, ElementType.Int4, 4, false)),
        new("com.microsoft.GatherBlockQuantized", "uint4, zero points", g => Rows(g, ElementType.UInt4, 4, true)),
        new("com.microsoft.QAttention", "plain",                     g => Attention(g, ElementType.Int8, 1, null, null, ("num_heads", 2))),
        new("com.microsoft.QAttention", "by column, mask",           g => Attention(g, ElementType.UInt8, 24, g.Int32([2, 3], 1, 1, 0, 1, 1, 1), null, ("num_heads", 2))),
        new("com.microsoft.QAttention", "unidirectional, ends",      g => Attention(g, ElementType.Int8, 24, g.Int32([2], 2, 3), null, ("num_heads", 4), ("unidirectional", 1L))),
        new("com.microsoft.QAttention", "past",                      g => Attention(g, ElementType.Int8, 1, null, g.In(2, 2, 2, 5, 4), ("num_heads", 2), ("unidirectional", 1L))),
        new("com.microsoft.DynamicQuantizeLSTM", "forward",          g => Lstm(g, 1, byColumn: false, batch: 1)),
        new("com.microsoft.DynamicQuantizeLSTM", "reverse, by column", g => Lstm(g, 1, byColumn: true, batch: 3, attributes: ("direction", "reverse"))),
        new("com.microsoft.DynamicQuantizeLSTM", "bidirectional, unsigned", g => Lstm(g, 2, byColumn: false, batch: 2, ElementType.UInt8, [("direction", "bidirectional")])),
        new("com.microsoft.DynamicQuantizeLSTM", "bidirectional, by column, peepholes", g => Lstm(g, 2, byColumn: true, batch: 1, ElementType.Int8, [("direction", "bidirectional"), ("peepholes", 1L)])),
        new("com.microsoft.DynamicQuantizeLSTM", "activations, clip, coupled gates", g => Lstm(g, 1, byColumn: false, batch: 2, ElementType.Int8,
            [new("activations", (string[])["HardSigmoid", "Softsign", "Tanh"]), new("activation_alpha", (float[])[0.3f]), new("activation_beta", (float[])[0.4f]), ("clip", 0.5f), ("input_forget", 1L)])),
        new("com.microsoft.DynamicQuantizeLSTM", "lengths",          g => Lstm(g, 2, byColumn: false, batch: 1, ElementType.Int8, [("direction", "bidirectional"), ("lengths", 3L)])),
    ];
#pragma warning restore format

    // A block of scale 0, and one below it.
    private static Node NBits(Graph g, int bits, int columns, int[] zeros, bool bias = false)
    {
        const int N = 3, Block = 16;
        var (random, blocks) = (new Random(7), (columns + Block - 1) / Block);
        var scale = g.AddInitializer("scale", Tensor.Floats([N, blocks], [.. Enumerable.Range(0, N * blocks).Select(i => i switch { 1 => 0, 2 => -0.05f, _ => 0.02f * (i + 1) })]));
        var zero = zeros[0] switch
        {
            1 => g.AddInitializer("zero", Bytes(random, N, (blocks * bits + 7) / 8)),
            2 => g.AddInitializer("zero", Tensor.Floats([N, blocks], [.. Enumerable.Range(0, N * blocks).Select(i => 6.5f + i)])),
            _ => null,
        };
        return g.Ms("MatMulNBits", [g.In(2, 3, columns), g.AddInitializer("w", Bytes(random, N, blocks, Block * bits / 8)), scale, zero, null, bias ? g.In(N) : null],
            ("K", (long)columns), ("N", (long)N), ("bits", (long)bits), ("block_size", (long)Block));
    }

    private static Node Rows(Graph g, ElementType type, int bits, bool zeros)
    {
        var random = new Random(9);
        var data = g.AddInitializer("w", type == ElementType.UInt8 ? Bytes(random, 5, 32 * bits / 8) : new(type, [5, 32], Bytes(random, 5, 16).Data));
        var zero = !zeros ? null : g.AddInitializer("zero", type == ElementType.UInt8 ? Bytes(random, 5, 2 * bits / 8) : new(type, [5, 2], Bytes(random, 5, 1).Data));
        var scale = g.AddInitializer("scale", Tensor.Floats([5, 2], [.. Enumerable.Range(1, 10).Select(i => 0.02f * i)]));
        Attribute[] attributes = [("block_size", 16L), ("bits", (long)bits)];
        return g.Ms("GatherBlockQuantized", [data, g.Int64([2, 2], 4, 0, 1, 4), scale, zero], attributes);
    }

    private static Tensor Bytes(Random random, params long[] dims)
    {
        var bytes = new byte[Tensor.ElementCount(dims)];
        random.NextBytes(bytes);
        return new(ElementType.UInt8, dims, bytes);
    }

    private static Node OfIntegers(Graph g, ElementType type, int columns, Value? bias = null)
    {
        var x = g.AddNode("DynamicQuantizeLinear", "", [g.In(3, 4)], [], 3).Outputs;
        return g.Ms("MatMulIntegerToFloat", [x[0], W(g, type, 4, 5), x[1], Scale(g, columns), x[2], Zero(g, type, columns), bias]);
    }

    private static Node Attention(Graph g, ElementType type, int columns, Value? mask, Value? past, params Attribute[] attributes)
    {
        var x = g.AddNode("DynamicQuantizeLinear", "", [g.In(2, 3, 6)], [], 3).Outputs;
        return g.Ms("QAttention", past is null ? 1 : 2, [x[0], W(g, type, 6, 24), g.In(24), x[1], Scale(g, columns), mask, x[2], Zero(g, type, columns), past], attributes);
    }

    private static Node Lstm(Graph g, int directions, bool byColumn, int batch, ElementType type = ElementType.Int8, params Attribute[] attributes)
    {
        const int Inputs = 5, Hidden = 4, Steps = 6;
        var scales = byColumn ? new long[] { directions, 4 * Hidden } : [directions];
        return g.Ms("DynamicQuantizeLSTM", 3,
        [
            g.In(Steps, batch, Inputs), W(g, type, directions, Inputs, 4 * Hidden), W(g, type, directions, Hidden, 4 * Hidden), g.In(directions, 8 * Hidden),
            Option("lengths") is { } length ? g.Int32([batch], (int)length) : null, g.In(directions, batch, Hidden), g.In(directions, batch, Hidden),
            Option("peepholes") is null ? null : g.In(directions, 3 * Hidden), Scale(g, scales), Zero(g, type, scales), Scale(g, scales), Zero(g, type, scales),
        ], [("hidden_size", (long)Hidden), .. attributes.Where(a => a.Name is not ("lengths" or "peepholes"))]);

        long? Option(string name) => attributes.FirstOrDefault(a => a.Name == name)?.Value as long?;
    }

    private static Value W(Graph g, ElementType type, params long[] dims)
    {
        var random = new Random(5);
        return g.AddInitializer(g.UniqueName("w"), Integers(type, dims, [.. Enumerable.Range(0, (int)Tensor.ElementCount(dims)).Select(_ => random.NextInt64(-60, 60) + Middle(type))]));
    }

    private static Value Scale(Graph g, params long[] dims) => g.AddInitializer(g.UniqueName("scale"),
        Tensor.Floats(dims, [.. Enumerable.Range(1, (int)Tensor.ElementCount(dims)).Select(i => 0.01f + 0.0005f * i)]));

    private static Value Zero(Graph g, ElementType type, params long[] dims) =>
        g.AddInitializer(g.UniqueName("zero"), Integers(type, dims, [.. Enumerable.Repeat(Middle(type), (int)Tensor.ElementCount(dims))]));

    private static long Middle(ElementType type) => type == ElementType.UInt8 ? 120 : 0;
}
