namespace Sema.Onnx.Graphs.Lowering;

/// <summary>Forms that ONNX Runtime runs, or at least loads, and that are refused, each with what its error says.</summary>
internal static class LoweringRefusals
{
    internal static readonly (LoweringCase Case, string Reason)[] All =
    [
        (new("com.microsoft.Attention", "rotary", g => g.Ms("Attention", [g.In(2, 3, 8), g.In(8, 24), g.In(24)], ("num_heads", 2), ("do_rotary", 1))), "do_rotary = 1"),
        (new("com.microsoft.RotaryEmbedding", "scale",
            g => g.Ms("RotaryEmbedding", [g.In(2, 3, 8), g.Int64([2, 3], 0, 1, 2, 1, 2, 3), g.In(5, 2), g.In(5, 2)], ("scale", 2f))), "scale = 2"),
        (new("com.microsoft.SkipLayerNormalization", "mean", g => g.Ms("SkipLayerNormalization", 2, [g.In(2, 3, 4), g.In(2, 3, 4), g.In(4)])), "its output 1"),
        (new("com.microsoft.ConvTransposeWithDynamicPads", "computed pads",
            g => g.Ms("ConvTransposeWithDynamicPads", [g.In(1, 2, 4, 4), g.In(2, 3, 3, 3), g.In(4).Cast(ElementType.Int64)])), "the pads 'Cast' are no constant"),
        (new("com.microsoft.MatMulNBits", "order of columns", g => g.Ms("MatMulNBits", [g.In(2, 16), g.AddInitializer("w", new(ElementType.UInt8, [2, 1, 8], new byte[16])), g.In(2, 1), null, g.Int32([16], new int[16])],
            ("K", 16), ("N", 2), ("bits", 4), ("block_size", 16))), "an order of the columns"),
        (new("com.microsoft.MatMulNBits", "weight in a kernel's order", g => g.Ms("MatMulNBits", [g.In(2, 16), g.AddInitializer("w", new(ElementType.UInt8, [2, 1, 8], new byte[16])), g.In(2, 1)],
            ("K", 16), ("N", 2), ("bits", 4), ("block_size", 16), ("weight_prepacked", 1))), "weight_prepacked = 1 is not supported"),
        (new("com.microsoft.MatMulNBits", "computed weight", g => g.Ms("MatMulNBits", [g.In(2, 16), g.In(2, 1, 8).Cast(ElementType.UInt8), g.In(2, 1)],
            ("K", 16), ("N", 2), ("bits", 4), ("block_size", 16))), "its weight 'Cast' is no constant"),
        (new("com.microsoft.GroupQueryAttention", "scores",
            g => g.Ms("GroupQueryAttention", 4, [g.In(1, 2, 16), g.In(1, 2, 16), g.In(1, 2, 16), null, null, g.Int32([1], 1), g.Int32([], 2)],
                ("num_heads", 2), ("kv_num_heads", 2), ("qk_output", 1))), "qk_output = 1"),
    ];
}
