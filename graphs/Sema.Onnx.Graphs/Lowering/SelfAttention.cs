namespace Sema.Onnx.Graphs.Lowering;

/// <summary>com.microsoft.Attention: the projections of one input to queries, keys and values, and their attention.</summary>
internal static class SelfAttention
{
    internal static IReadOnlyList<Value?> Lower(Node y)
    {
        y.Only("do_rotary", 0);
        y.Only("past_present_share_buffer", 0);
        var heads = y.Count("num_heads");
        var third = y.Size(y[1], 1) / 3;
        var sizes = y.Ints("qkv_hidden_sizes") ?? [third, third, third];
        var projected = y[0].MatMul(y[1]) + y[2];
        var parts = y.Graph.AddNode("Split", "", [projected, y.Graph.Vector(sizes)], [("axis", 2)], 3).Outputs;
        var (q, k, v) = (Heads.Apart(parts[0]!, heads), Heads.Apart(parts[1]!, heads), Heads.Apart(parts[2]!, heads));
        var (past, start) = (y.Optional(4), y.Graph.Integer(0));
        if (past is not null)
        {
            (k, v) = (Heads.After(past.Gather(y.Graph.Integer(0), 0), k), Heads.After(past.Gather(y.Graph.Integer(1), 0), v));
            start = past.Length(3);
        }

        var scale = y.Float("scale", 0) is not 0 and var given ? given : 1 / Math.Sqrt((double)sizes[0] / heads);
        var masks = new AttentionMasks(y, y[0].Length(1), start + y[0].Length(1), start);
        var scores = masks.Added(Heads.Scores(q, k, scale), Mask(y), y.Optional(5));
        return
        [
            Heads.Together(Heads.Softmax(scores).MatMul(v)),
            y.Makes(1) ? Operators.Concat([k.Unsqueeze(0), v.Unsqueeze(0)], 0) : null,
        ];
    }

    // A mask of one column, [B, 1] or [1, 1], is none.
    private static Value? Mask(Node y) =>
        y.Optional(3) is { } mask && !(y.RankOf(mask) == 2 && y.Size(mask, 1) == 1 && y.Optional(4) is null && y.Size(y[0], 1) > 1) ? mask : null;
}
