namespace Sema.Onnx.Graphs.Lowering;

/// <summary>GroupQueryAttention: B = 2, S = 3, four heads of queries, two of keys, H = 16 (the runtime wants multiples of 8, and 16 where it turns them).</summary>
internal static class GroupQueryCases
{
    private const string Op = "com.microsoft.GroupQueryAttention";

    internal static IReadOnlyList<LoweringCase> All =>
    [
        Prompt("plain", [], []),
        Prompt("scale and soft cap", [], [("scale", 0.7f), ("softcap", 0.5f)]),
        Prompt("local window", [], [("local_window_size", 2)]),
        Prompt("smooth softmax", [], [("smooth_softmax", 1)]),
        Prompt("rotary, halves", [Table, Table], [("do_rotary", 1)]),
        Prompt("rotary, neighbours", [Table, Table], [("do_rotary", 1), ("rotary_interleaved", 1)]),
        Prompt("rotary, part of a head", [g => g.In(6, 8), g => g.In(6, 8)], [("do_rotary", 1)], size: 32),
        Prompt("bias and soft cap", [null, null, null, g => g.In(2, 4, 3, 3)], [("softcap", 0.5f)]),
        Prompt("sink", [null, null, null, null, g => g.In(4)], []),
        new(Op, "packed", g => Node(g, [g.In(2, 3, 8 * 16), null, null, null, null, g.Int32([2], 2, 2), g.Int32([], 3), Table(g), Table(g)], [("do_rotary", 1)])),
        new(Op, "empty past", g => Node(g, [.. Sides(g, 2, 3), g.In(2, 2, 0, 16), g.In(2, 2, 0, 16), g.Int32([2], 2, 2), g.Int32([1], 3)], [])),
        new(Op, "past, one query", g => Node(g, [.. Sides(g, 2, 1), Past(g), Past(g), g.Int32([2], 3, 3), g.Int32([], 4), Table(g), Table(g)], [("do_rotary", 1)])),
        new(Op, "past of different lengths", g => Node(g, [.. Sides(g, 2, 1), Past(g), Past(g), g.Int32([2], 3, 1), g.Int32([], 4), Table(g), Table(g)], [("do_rotary", 1), ("local_window_size", 2)])),
        new(Op, "past, more queries", g => Node(g, [.. Sides(g, 1, 3), g.In(1, 2, 2, 16), g.In(1, 2, 2, 16), g.Int32([1], 4), g.Int32([], 5)], [])),
    ];

    private static LoweringCase Prompt(string name, Func<Graph, Value>?[] more, Attribute[] attributes, long size = 16) => new(Op, name, g => Node(g,
        [.. Sides(g, 2, 3, size), null, null, g.Int32([2], 2, 2), g.Int32([], 3), .. more.Select(m => m?.Invoke(g))], attributes));

    private static Value[] Sides(Graph g, long batch, long queries, long size = 16) =>
        [g.In(batch, queries, 4 * size), g.In(batch, queries, 2 * size), g.In(batch, queries, 2 * size)];

    private static Value Past(Graph g) => g.In(2, 2, 3, 16);

    private static Value Table(Graph g) => g.In(6, 8);

    private static Node Node(Graph g, Value?[] inputs, Attribute[] attributes) =>
        g.Ms("GroupQueryAttention", 3, inputs, [("num_heads", 4), ("kv_num_heads", 2), .. attributes]);
}
