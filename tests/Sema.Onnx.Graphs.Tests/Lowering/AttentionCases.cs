namespace Sema.Onnx.Graphs.Lowering;

/// <summary>Attention in the forms of com.microsoft.Attention, MultiHeadAttention and the standard's own; rotary embedding.</summary>
internal static class AttentionCases
{
    private const string Self = "com.microsoft.Attention", Multi = "com.microsoft.MultiHeadAttention", Turn = "com.microsoft.RotaryEmbedding";

    internal static IReadOnlyList<LoweringCase> All => [.. SelfAttention, .. MultiHead, .. Standard, .. Rotary];

#pragma warning disable format // a table: aligned columns
    // B = 2, S = 3, N = 2, H = 4
    private static LoweringCase[] SelfAttention =>
    [
        new(Self, "plain",                     g => g.Ms("Attention", [g.In(2, 3, 5), g.In(5, 24), g.In(24)], ("num_heads", 2))),
        new(Self, "scale",                     g => g.Ms("Attention", [g.In(2, 3, 8), g.In(8, 24), g.In(24)], ("num_heads", 2), ("scale", 0.7f))),
        new(Self, "unidirectional",            g => g.Ms("Attention", [g.In(2, 3, 8), g.In(8, 24), g.In(24)], ("num_heads", 2), ("unidirectional", 1))),
        new(Self, "values of another size",    g => g.Ms("Attention", [g.In(2, 3, 8), g.In(8, 22), g.In(22)], ("num_heads", 2), ("qkv_hidden_sizes", [8, 8, 6]))),
        new(Self, "ends",                      g => g.Ms("Attention", [g.In(2, 3, 8), g.In(8, 24), g.In(24), g.Int32([2], 3, 1)], ("num_heads", 2))),
        new(Self, "ends and starts",           g => g.Ms("Attention", [g.In(2, 3, 8), g.In(8, 24), g.In(24), g.Int32([4], 3, 2, 1, 0)], ("num_heads", 2))),
        new(Self, "mask by key",               g => g.Ms("Attention", [g.In(2, 3, 8), g.In(8, 24), g.In(24), g.Int32([2, 3], 1, 1, 0, 0, 1, 1)], ("num_heads", 2), ("mask_filter_value", -1.5f))),
        new(Self, "mask by key, unidirectional", g => g.Ms("Attention", [g.In(2, 3, 8), g.In(8, 24), g.In(24), g.Int32([2, 3], 1, 1, 0, 0, 1, 1)], ("num_heads", 2), ("unidirectional", 1))),
        new(Self, "mask by key, unidirectional, shallow", g => g.Ms("Attention", [g.In(2, 3, 8), g.In(8, 24), g.In(24), g.Int32([2, 3], 1, 1, 0, 0, 1, 1)], ("num_heads", 2), ("unidirectional", 1), ("mask_filter_value", -1.5f))),
        new(Self, "mask of one column",        g => g.Ms("Attention", [g.In(2, 3, 8), g.In(8, 24), g.In(24), g.Int32([2, 1], 1, 0)], ("num_heads", 2))),
        new(Self, "mask by query and key",     g => g.Ms("Attention", [g.In(2, 3, 8), g.In(8, 24), g.In(24), g.Int32([2, 3, 3], 1, 0, 0, 1, 1, 0, 1, 1, 1, 0, 1, 0, 0, 0, 1, 1, 1, 1)], ("num_heads", 2))),
        new(Self, "bias of the scores",        g => g.Ms("Attention", [g.In(2, 3, 8), g.In(8, 24), g.In(24), g.Int32([2], 3, 1), null, g.In(2, 2, 3, 3)], ("num_heads", 2))),
        new(Self, "bias for all rows and heads", g => g.Ms("Attention", [g.In(2, 3, 8), g.In(8, 24), g.In(24), null, null, g.In(1, 1, 3, 3)], ("num_heads", 2))),
        new(Self, "present",                   g => g.Ms("Attention", 2, [g.In(2, 3, 8), g.In(8, 24), g.In(24)], ("num_heads", 2), ("unidirectional", 1))),
        new(Self, "past and present",          g => g.Ms("Attention", 2, [g.In(2, 3, 8), g.In(8, 24), g.In(24), g.Int32([2, 5], 1, 1, 1, 1, 1, 0, 1, 1, 1, 1), g.In(2, 2, 2, 2, 4)], ("num_heads", 2), ("unidirectional", 1))),
    ];

    private static LoweringCase[] MultiHead =>
    [
        new(Multi, "plain",                    g => g.Ms("MultiHeadAttention", [g.In(2, 3, 8), g.In(2, 5, 8), g.In(2, 5, 8)], ("num_heads", 2))),
        new(Multi, "biases, values of another size", g => g.Ms("MultiHeadAttention", [g.In(2, 3, 8), g.In(2, 5, 8), g.In(2, 5, 6), g.In(22)], ("num_heads", 2), ("scale", 0.7f))),
        new(Multi, "ends",                     g => g.Ms("MultiHeadAttention", [g.In(2, 3, 8), g.In(2, 5, 8), g.In(2, 5, 8), null, g.Int32([2], 3, 5)], ("num_heads", 2))),
        new(Multi, "ends and sums of them",    g => g.Ms("MultiHeadAttention", [g.In(2, 3, 8), g.In(2, 3, 8), g.In(2, 3, 8), null, g.Int32([8], 3, 2, 0, 3, 5, 0, 3, 5)], ("num_heads", 2))),
        new(Multi, "mask by key",              g => g.Ms("MultiHeadAttention", [g.In(2, 3, 8), g.In(2, 4, 8), g.In(2, 4, 8), g.In(24), g.Int32([2, 4], 1, 1, 0, 1, 0, 1, 1, 1)], ("num_heads", 2), ("mask_filter_value", -1.5f))),
        new(Multi, "mask by query and key",    g => g.Ms("MultiHeadAttention", [g.In(1, 2, 8), g.In(1, 3, 8), g.In(1, 3, 8), null, g.Int32([1, 2, 3], 1, 0, 1, 0, 1, 1)], ("num_heads", 2))),
        new(Multi, "bias of the scores",       g => g.Ms("MultiHeadAttention", [g.In(2, 3, 8), g.In(2, 4, 8), g.In(2, 4, 8), null, null, g.In(1, 2, 3, 4)], ("num_heads", 2))),
        new(Multi, "unidirectional",           g => g.Ms("MultiHeadAttention", [g.In(2, 3, 8), g.In(2, 3, 8), g.In(2, 3, 8)], ("num_heads", 2), ("unidirectional", 1))),
        new(Multi, "keys and values by head",  g => g.Ms("MultiHeadAttention", [g.In(2, 3, 8), g.In(2, 2, 5, 4), g.In(2, 2, 5, 4)], ("num_heads", 2))),
        new(Multi, "present",                  g => g.Ms("MultiHeadAttention", 3, [g.In(2, 3, 8), g.In(2, 3, 8), g.In(2, 3, 8)], ("num_heads", 2))),
        new(Multi, "past and present",         g => g.Ms("MultiHeadAttention", 3, [g.In(2, 3, 8), g.In(2, 3, 8), g.In(2, 3, 8), g.In(24), g.Int32([2, 5], 1, 1, 0, 1, 1, 0, 1, 1, 1, 1), null, g.In(2, 2, 2, 4), g.In(2, 2, 2, 4)], ("num_heads", 2), ("unidirectional", 1))),
    ];

    private static LoweringCase[] Standard =>
    [
        new("Attention", "by head",            g => g.Op("Attention", [g.In(2, 2, 3, 4), g.In(2, 2, 5, 4), g.In(2, 2, 5, 6)]), 23),
        new("Attention", "opset 24",           g => g.Op("Attention", [g.In(2, 2, 3, 4), g.In(2, 2, 5, 4), g.In(2, 2, 5, 6)]), 24),
        new("Attention", "together, groups",   g => g.Op("Attention", [g.In(2, 3, 16), g.In(2, 5, 8), g.In(2, 5, 8)], ("q_num_heads", 4), ("kv_num_heads", 2), ("scale", 0.7f)), 23),
        new("Attention", "causal",             g => g.Op("Attention", [g.In(2, 2, 3, 4), g.In(2, 2, 3, 4), g.In(2, 2, 3, 4)], ("is_causal", 1)), 23),
        new("Attention", "causal, more keys",  g => g.Op("Attention", [g.In(2, 2, 3, 4), g.In(2, 2, 5, 4), g.In(2, 2, 5, 4)], ("is_causal", 1)), 23),
        new("Attention", "conditions",         g => g.Op("Attention", [g.In(2, 2, 2, 4), g.In(2, 2, 3, 4), g.In(2, 2, 3, 4), g.Bools([2, 3], 1, 0, 1, 0, 1, 1)]), 23),
        new("Attention", "conditions by row, causal", g => g.Op("Attention", [g.In(2, 2, 2, 4), g.In(2, 2, 2, 4), g.In(2, 2, 2, 4), g.Bools([2, 1, 2, 2], 1, 1, 1, 0, 1, 1, 1, 1)], ("is_causal", 1)), 23),
        new("Attention", "bias",               g => g.Op("Attention", [g.In(2, 2, 3, 4), g.In(2, 2, 5, 4), g.In(2, 2, 5, 4), g.In(2, 1, 3, 5)]), 23),
        new("Attention", "soft cap and bias",  g => g.Op("Attention", [g.In(2, 2, 3, 4), g.In(2, 2, 5, 4), g.In(2, 2, 5, 4), g.In(3, 5)], ("softcap", 0.5f)), 23),
        new("Attention", "past and present",   g => g.Op("Attention", 3, [g.In(2, 4, 3, 4), g.In(2, 2, 3, 4), g.In(2, 2, 3, 4), g.In(3, 5), g.In(2, 2, 2, 4), g.In(2, 2, 2, 4)], ("is_causal", 1)), 23),
        new("Attention", "scores",             g => g.Op("Attention", 4, [g.In(2, 3, 8), g.In(2, 5, 8), g.In(2, 5, 8), g.In(3, 5)], ("q_num_heads", 2), ("kv_num_heads", 2), ("softcap", 0.5f)).Without(1, 2), 23),
        new("Attention", "scores with bias",   g => g.Op("Attention", 4, [g.In(2, 2, 3, 4), g.In(2, 2, 5, 4), g.In(2, 2, 5, 4), g.In(3, 5)], ("softcap", 0.5f), ("qk_matmul_output_mode", 2)), 24),
        new("Attention", "scores, capped",     g => g.Op("Attention", 4, [g.In(2, 2, 3, 4), g.In(2, 2, 5, 4), g.In(2, 2, 5, 4), g.In(3, 5)], ("softcap", 0.5f), ("qk_matmul_output_mode", 1)), 24),
        new("Attention", "weights",            g => g.Op("Attention", 4, [g.In(2, 2, 3, 4), g.In(2, 2, 5, 4), g.In(2, 2, 5, 4), g.In(3, 5)], ("qk_matmul_output_mode", 3)), 23),
        new("Attention", "ends",               g => g.Op("Attention", [g.In(2, 2, 3, 4), g.In(2, 2, 5, 4), g.In(2, 2, 5, 4), null, null, null, g.Int64([2], 3, 5)]), 24),
        new("Attention", "ends, causal",       g => g.Op("Attention", [g.In(2, 2, 3, 4), g.In(2, 2, 5, 4), g.In(2, 2, 5, 4), null, null, null, g.Int64([2], 3, 5)], ("is_causal", 1)), 24),
    ];

    private static LoweringCase[] Rotary =>
    [
        new(Turn, "halves",                    g => g.Ms("RotaryEmbedding", [g.In(2, 3, 8), Positions(g), g.In(5, 2), g.In(5, 2)])),
        new(Turn, "neighbours",                g => g.Ms("RotaryEmbedding", [g.In(2, 3, 8), Positions(g), g.In(5, 2), g.In(5, 2)], ("interleaved", 1))),
        new(Turn, "first position",            g => g.Ms("RotaryEmbedding", [g.In(2, 3, 8), g.Int64([1], 2), g.In(5, 2), g.In(5, 2)])),
        new(Turn, "by head",                   g => g.Ms("RotaryEmbedding", [g.In(2, 2, 3, 4), Positions(g), g.In(5, 2), g.In(5, 2)])),
        new(Turn, "part of a head",            g => g.Ms("RotaryEmbedding", [g.In(2, 3, 16), Positions(g), g.In(5, 2), g.In(5, 2)], ("num_heads", 2), ("rotary_embedding_dim", 4))),
        new(Turn, "part of a head, by head, neighbours", g => g.Ms("RotaryEmbedding", [g.In(2, 2, 3, 8), Positions(g), g.In(5, 2), g.In(5, 2)], ("num_heads", 2), ("rotary_embedding_dim", 4), ("interleaved", 1))),
        new("RotaryEmbedding", "by head",      g => g.Op("RotaryEmbedding", [g.In(2, 2, 3, 4), g.In(5, 2), g.In(5, 2), Positions(g)]), 23),
        new("RotaryEmbedding", "together, neighbours", g => g.Op("RotaryEmbedding", [g.In(2, 3, 8), g.In(5, 2), g.In(5, 2), Positions(g)], ("num_heads", 2), ("interleaved", 1)), 23),
        new("RotaryEmbedding", "no positions", g => g.Op("RotaryEmbedding", [g.In(2, 3, 8), g.In(2, 3, 2), g.In(2, 3, 2)], ("num_heads", 2)), 23),
        new("RotaryEmbedding", "part of a head", g => g.Op("RotaryEmbedding", [g.In(2, 2, 3, 8), g.In(5, 2), g.In(5, 2), Positions(g)], ("rotary_embedding_dim", 4)), 23),
    ];
#pragma warning restore format

    private static Value Positions(Graph g) => g.Int64([2, 3], 0, 1, 2, 4, 2, 3);
}
