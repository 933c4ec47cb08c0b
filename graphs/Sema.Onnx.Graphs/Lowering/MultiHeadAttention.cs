namespace Sema.Onnx.Graphs.Lowering;

/// <summary>com.microsoft.MultiHeadAttention: attention of projections that are there already.</summary>
internal static class MultiHeadAttention
{
    internal static IReadOnlyList<Value?> Lower(Node y)
    {
        if (y.RankOf(y[0]) != 3 || y.Optional(1) is null || y.Optional(2) is null)
            throw y.Refused("queries, keys and values packed into one input are not supported");
        var (heads, hidden) = (y.Count("num_heads"), y.Size(y[0], 2));
        var (q, k, v) = (Side(0, 0, hidden), Side(1, hidden, hidden), Side(2, 2 * hidden, y.RankOf(y[2]) == 3 ? y.Size(y[2], 2) : 0));
        var keys = y[1].Length(y.RankOf(y[1]) == 3 ? 1 : 2);
        var start = y.Graph.Integer(0);
        if (y.Optional(6) is { } pastKey)
        {
            (k, v) = (Heads.After(pastKey, k), Heads.After(y[7], v));
            start = pastKey.Length(2);
            keys += start;
        }

        var scale = y.Float("scale", 0) is not 0 and var given ? given : 1 / Math.Sqrt((double)hidden / heads);
        var masks = new AttentionMasks(y, y[0].Length(1), keys, start);
        var scores = masks.Added(Heads.Scores(q, k, scale), y.Optional(4), y.Optional(5));
        return [Heads.Together(Heads.Softmax(scores).MatMul(v)), k, v];

        // [B, S, N·H] with its part of the bias, as [B, N, S, H]; keys and values may have that form already.
        Value Side(int input, long from, long size)
        {
            var x = y[input];
            if (y.RankOf(x) == 4)
                return x;
            return Heads.Apart(y.Optional(3) is { } bias ? x + bias.Slice(0, from, from + size) : x, heads);
        }
    }
}
