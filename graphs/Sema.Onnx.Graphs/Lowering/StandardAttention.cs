namespace Sema.Onnx.Graphs.Lowering;

/// <summary>Attention of opset 23 and 24.</summary>
internal static class StandardAttention
{
    internal static IReadOnlyList<Value?> Lower(Node y)
    {
        var isFlat = y.RankOf(y[0]) == 3;
        var (q, k, v) = isFlat
            ? (Heads.Apart(y[0], y.Count("q_num_heads")), Heads.Apart(y[1], y.Count("kv_num_heads")), Heads.Apart(y[2], y.Count("kv_num_heads")))
            : (y[0], y[1], y[2]);
        var heads = isFlat ? y.Count("q_num_heads") : y.Size(y[0], 1);
        var keyHeads = isFlat ? y.Count("kv_num_heads") : y.Size(y[1], 1);
        var (queries, keys) = (y[0].Length(isFlat ? 1 : 2), y[1].Length(isFlat ? 1 : 2));
        var start = y.Graph.Integer(0);
        if (y.Optional(4) is { } pastKey)
        {
            (k, v, start) = (Heads.After(pastKey, k), Heads.After(y[5], v), pastKey.Length(2));
            keys += start;
        }

        var scale = y.Has("scale") ? y.Float("scale", 1) : 1 / Math.Sqrt(isFlat ? (double)y.Size(y[0], 2) / heads : y.Size(y[0], 3));
        var scores = Heads.Scores(q, Heads.Repeated(k, heads / keyHeads), scale);
        var capped = Heads.Capped(scores, y.Float("softcap", 0));
        var masked = Masked(y, capped, queries, keys, start);
        var weights = Heads.Softmax(masked);
        var attended = weights.MatMul(Heads.Repeated(v, heads / keyHeads));
        Value[] stages = [scores, capped, masked, weights];
        return [isFlat ? Heads.Together(attended) : attended, k, v, y.Makes(3) ? stages[y.Int("qk_matmul_output_mode", 0)] : null];
    }

    private static Value Masked(Node y, Value scores, Value queries, Value keys, Value start)
    {
        // Where rows have lengths of their own, [B], the last query stands at a row's end.
        var ends = y.Optional(6)?.Reshape(-1, 1, 1, 1);
        Value? seen = y.Int("is_causal", 0) == 0 ? null
            : ends is null ? Heads.Causal(start, queries, keys)
            : (ends - queries + queries.Counted().Unsqueeze(1)).GreaterOrEqual(keys.Counted());
        if (ends is not null)
            And(keys.Counted().Less(ends));
        if (y.Optional(3) is { Type: ElementType.Bool } mask)
            And(mask);
        else if (y.Optional(3) is { } bias)
            scores += bias;
        return seen is null ? scores : scores + Heads.Additive(seen, scores, float.MinValue);

        void And(Value condition) => seen = seen is null ? condition : seen.And(condition);
    }
}
