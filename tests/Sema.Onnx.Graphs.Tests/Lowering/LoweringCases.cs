namespace Sema.Onnx.Graphs.Lowering;

/// <summary>At least one case for each lowering, and one for each of its forms.</summary>
internal static class LoweringCases
{
    internal static IReadOnlyList<LoweringCase> All { get; } = [.. Plain, .. Normalizations, .. AttentionCases.All, .. GroupQueryCases.All, .. QuantizedCases.All];

#pragma warning disable format // a table: aligned columns
    private static LoweringCase[] Plain =>
    [
        new("com.microsoft.FusedMatMul", "alpha",                g => g.Ms("FusedMatMul", [g.In(2, 3, 4), g.In(4, 5)], ("alpha", 0.5f))),
        new("com.microsoft.FusedMatMul", "A transposed",         g => g.Ms("FusedMatMul", [g.In(2, 4, 3), g.In(2, 4, 5)], ("transA", 1))),
        new("com.microsoft.FusedMatMul", "B transposed",         g => g.Ms("FusedMatMul", [g.In(2, 3, 4), g.In(5, 4)], ("transB", 1), ("alpha", 2f))),
        new("com.microsoft.FusedMatMul", "batch behind the rows of A", g => g.Ms("FusedMatMul", [g.In(3, 2, 4), g.In(2, 4, 5)], ("transBatchA", 1))),
        new("com.microsoft.FusedMatMul", "batches behind rows, both transposed", g => g.Ms("FusedMatMul", [g.In(4, 2, 6, 3), g.In(5, 2, 6, 4)], ("transBatchA", 1), ("transA", 1), ("transBatchB", 1), ("transB", 1))),
        new("com.microsoft.FusedMatMul", "vector",               g => g.Ms("FusedMatMul", [g.In(3, 4), g.In(4)], ("transB", 1))),
        new("com.microsoft.TransposeMatMul", "both",             g => g.Ms("TransposeMatMul", [g.In(4, 3), g.In(5, 4)], ("transA", 1), ("transB", 1), ("alpha", 0.5f))),
        new LoweringCase("com.microsoft.FusedGemm", "relu",                   g => g.Ms("FusedGemm", [g.In(2, 3), g.In(3, 4), g.In(4)], ("activation", "Relu"))).Kinked(),
        new LoweringCase("com.microsoft.FusedGemm", "no bias, leaky",         g => g.Ms("FusedGemm", [g.In(3, 2), g.In(4, 3)], ("transA", 1), ("transB", 1), ("alpha", 0.5f), ("activation", "LeakyRelu"), ("activation_alpha", 0.2f))).Kinked(),
        new LoweringCase("com.microsoft.FusedGemm", "beta, hard sigmoid",     g => g.Ms("FusedGemm", [g.In(2, 3), g.In(3, 4), g.In(2, 1)], ("beta", 2f), ("activation", "HardSigmoid"), ("activation_alpha", 0.3f), ("activation_beta", 0.4f))).Kinked(),
        new LoweringCase("com.microsoft.FusedConv", "relu",                   g => g.Ms("FusedConv", [g.In(1, 2, 5, 5), g.In(3, 2, 3, 3), g.In(3)], ("activation", "Relu"), ("pads", [1, 1, 1, 1]), ("strides", [2, 2]))).Kinked(),
        new LoweringCase("com.microsoft.FusedConv", "leaky, residual",        g => g.Ms("FusedConv", [g.In(1, 2, 5, 5), g.In(2, 2, 3, 3), g.In(2), g.In(1, 2, 5, 5)], ("activation", "LeakyRelu"), new("activation_params", (float[])[0.2f]), ("pads", [1, 1, 1, 1]), ("kernel_shape", [3, 3]))).Kinked(),
        new LoweringCase("com.microsoft.FusedConv", "clip, no bias",          g => g.Ms("FusedConv", [g.In(1, 2, 4, 4), g.In(2, 1, 3, 3)], ("activation", "Clip"), new("activation_params", (float[])[-0.5f, 0.7f]), ("group", 2))).Kinked(),
        new LoweringCase("com.microsoft.FusedConv", "hard sigmoid",           g => g.Ms("FusedConv", [g.In(1, 2, 4, 4), g.In(2, 2, 3, 3)], ("activation", "HardSigmoid"), new("activation_params", (float[])[0.2f, 0.5f]))).Kinked(),
        new("com.microsoft.FusedConv", "tanh",                   g => g.Ms("FusedConv", [g.In(1, 2, 4, 4), g.In(2, 2, 3, 3)], ("activation", "Tanh"))),
        new("com.microsoft.ConvTransposeWithDynamicPads", "pads", g => g.Ms("ConvTransposeWithDynamicPads", [g.In(1, 2, 4, 4), g.In(2, 3, 3, 3), g.Int64([4], 1, 0, 1, 1), g.In(3)], ("strides", [2, 2]))),
        new("com.microsoft.Gelu", "plain",                       g => g.Ms("Gelu", [g.In(2, 3)])),
        new("com.microsoft.BiasGelu", "plain",                   g => g.Ms("BiasGelu", [g.In(2, 3), g.In(3)])),
        new("com.microsoft.FastGelu", "plain",                   g => g.Ms("FastGelu", [g.In(2, 3)])),
        new("com.microsoft.FastGelu", "bias",                    g => g.Ms("FastGelu", [g.In(2, 3, 4), g.In(4)])),
        new("com.microsoft.QuickGelu", "plain",                  g => g.Ms("QuickGelu", [g.In(2, 3)])),
        new("com.microsoft.QuickGelu", "alpha",                  g => g.Ms("QuickGelu", [g.In(2, 3)], ("alpha", 1f))),
        new("Swish", "plain",                                    g => g.Op("Swish", [g.In(2, 3)]), 24),
        new("Swish", "alpha",                                    g => g.Op("Swish", [g.In(2, 3)], ("alpha", 1.5f)), 24),
        new("com.microsoft.ExpandDims", "behind",                g => g.Ms("ExpandDims", [g.In(2, 3), g.Int32([], -1)])),
        new("com.microsoft.GatherND", "rows",                    g => g.Ms("GatherND", [g.In(3, 4), g.Int64([2, 1], 2, 0)])),
        new LoweringCase("com.microsoft.GridSample", "bilinear",              g => g.Ms("GridSample", [g.In(1, 2, 3, 4), g.In(1, 5, 6, 2)])).Kinked(),
        new("com.microsoft.GridSample", "nearest, border",       g => g.Ms("GridSample", [g.In(1, 2, 3, 4), Grid(g)], ("mode", "nearest"), ("padding_mode", "border"), ("align_corners", 1))),
        new("com.microsoft.Pad", "vector",                       g => g.Ms("Pad", [g.In(2, 3), g.Int64([4], 0, 1, 2, 0)])),
        new("com.microsoft.Pad", "row, value",                   g => g.Ms("Pad", [g.In(2, 3), g.Int64([1, 4], 0, 1, 2, 0), g.AddInitializer("value", Tensor.Floats([1], [0.5f]))])),
        new("com.microsoft.Pad", "reflect",                      g => g.Ms("Pad", [g.In(2, 3), g.Int64([4], 0, 1, 1, 1)], ("mode", "reflect"))),
        new("com.microsoft.Trilu", "upper",                      g => g.Ms("Trilu", [g.In(3, 4), g.Int64([], 1)])),
        new("com.microsoft.Trilu", "lower",                      g => g.Ms("Trilu", [g.In(2, 4, 3)], ("upper", 0))),
    ];

    private static LoweringCase[] Normalizations =>
    [
        new("RMSNormalization", "last axis",                     g => g.Op("RMSNormalization", [g.In(2, 3, 4), g.In(4)], ("epsilon", 0.01f)), 23),
        new("RMSNormalization", "two axes",                      g => g.Op("RMSNormalization", [g.In(2, 3, 4), g.In(3, 4)], ("axis", 1)), 23),
        new("SimplifiedLayerNormalization", "last axis",         g => g.Op("SimplifiedLayerNormalization", [g.In(2, 3, 4), g.In(4)], ("epsilon", 0.01f)), 17),
        new("SimplifiedLayerNormalization", "two axes, inverse", g => g.Op("SimplifiedLayerNormalization", 2, [g.In(2, 3, 4), g.In(3, 4)], ("axis", 1))),
        new("com.microsoft.SkipLayerNormalization", "plain",     g => g.Ms("SkipLayerNormalization", [g.In(2, 3, 4), g.In(2, 3, 4), g.In(4)], ("epsilon", 0.01f))),
        new("com.microsoft.SkipLayerNormalization", "beta, bias, sum", g => g.Ms("SkipLayerNormalization", 4, [g.In(2, 3, 4), g.In(2, 3, 4), g.In(4), g.In(4), g.In(4)], ("epsilon", 0.01f)).Without(1, 2)),
        new("com.microsoft.SkipLayerNormalization", "skip for all rows, sum", g => g.Ms("SkipLayerNormalization", 4, [g.In(2, 3, 4), g.In(3, 4), g.In(4), null, g.In(4)]).Without(1, 2)),
        new("com.microsoft.SkipSimplifiedLayerNormalization", "plain", g => g.Ms("SkipSimplifiedLayerNormalization", [g.In(2, 3, 4), g.In(2, 3, 4), g.In(4)], ("epsilon", 0.01f))),
        new("com.microsoft.SkipSimplifiedLayerNormalization", "bias, sum", g => g.Ms("SkipSimplifiedLayerNormalization", 4, [g.In(2, 3, 4), g.In(1, 3, 4), g.In(4), g.In(4)]).Without(1, 2)),
        new("com.microsoft.EmbedLayerNormalization", "segments, mask", g => g.Ms("EmbedLayerNormalization", 2, [Ids(g), g.Int32([2, 3], 0, 0, 1, 1, 0, 1), g.In(7, 4), g.In(5, 4), g.In(2, 4), g.In(4), g.In(4), g.Int32([2, 3], 1, 1, 0, 1, 0, 0)], ("epsilon", 0.01f))),
        new("com.microsoft.EmbedLayerNormalization", "no segments, no mask, sum", g => g.Ms("EmbedLayerNormalization", 3, [Ids(g), null, g.In(7, 4), g.In(5, 4), null, g.In(4), g.In(4)])),
        new("com.microsoft.EmbedLayerNormalization", "positions", g => g.Ms("EmbedLayerNormalization", 2, [Ids(g), null, g.In(7, 4), g.In(5, 4), null, g.In(4), g.In(4), null, g.Int32([2, 3], 2, 3, 4, 0, 1, 2)])),
        new("com.microsoft.EmbedLayerNormalization", "positions for all rows", g => g.Ms("EmbedLayerNormalization", 2, [Ids(g), null, g.In(7, 4), g.In(5, 4), null, g.In(4), g.In(4), null, g.Int32([1, 3], 2, 3, 4)])),
    ];
#pragma warning restore format

    private static Value Grid(Graph g) => g.AddInitializer("grid", Tensor.Floats([1, 2, 2, 2], [-0.9f, -0.7f, 0.1f, 1.3f, 0.6f, -0.2f, 0.8f, 0.4f]));

    private static Value Ids(Graph g) => g.Int32([2, 3], 1, 6, 0, 2, 2, 5);
}
