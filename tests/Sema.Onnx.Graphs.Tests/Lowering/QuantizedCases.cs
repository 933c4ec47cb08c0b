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
