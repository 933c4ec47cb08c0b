namespace Sema.Onnx.Graphs.Lowering;

/// <summary>com.microsoft.GroupQueryAttention: causal attention with fewer heads of keys than of queries, rotary embedding inside.</summary>
internal static class GroupQueryAttention
{
    internal static IReadOnlyList<Value?> Lower(Node y)
    {
        y.Only("qk_output", 0);
        y.Only("sliding_window_cache", 0);
        if (y.Optional(9) is { } ids)
            throw y.Refused($"position_ids ('{ids.Name}') are not supported");   // the kernel does not read them as they are specified
        var (heads, keyHeads) = (y.Count("num_heads"), y.Count("kv_num_heads"));
        var (q, k, v, size) = Sides(y, heads, keyHeads);
        var queries = y[0].Length(1);
        var past = Past(y, queries);
        if (y.Int("do_rotary", 0) != 0)
        {
            var positions = past + queries.Counted();
            var (cos, sin) = (Rotary.Rows(y[7], positions), Rotary.Rows(y[8], positions));
            var (dimension, interleaved) = (2 * y.Size(y[7], 1), y.Int("rotary_interleaved", 0) != 0);
            (q, k) = (Rotary.Turned(q, cos, sin, dimension, size, interleaved), Rotary.Turned(k, cos, sin, dimension, size, interleaved));
        }

        var keys = queries;
        if (y.Optional(3) is { } pastKey && y.Size(pastKey, 2) > 0)
        {
            keys = y[6].Cast(ElementType.Int64).Reshape(y.Graph.Vector()).Max(pastKey.Length(2));
            (k, v) = (Joined(y, pastKey, k, past, keys), Joined(y, y[4], v, past, keys));
        }

        var scale = y.Float("scale", 0) is not 0 and var given ? given : 1 / Math.Sqrt(size);
        var scores = Heads.Capped(Heads.Scores(q, Heads.Repeated(k, heads / keyHeads), scale), y.Float("softcap", 0));
        if (y.Optional(10) is { } bias)
            scores += bias;
        scores = Heads.Additive(Seen(y, past, queries, keys), scores, float.MinValue) + scores;
        return [Heads.Together(Softmax(y, scores, heads).MatMul(Heads.Repeated(v, heads / keyHeads))), k, v];
    }

    // Queries, keys and values [B, N, S, H], and H; they may be packed in this order.
    private static (Value Q, Value K, Value V, long Size) Sides(Node y, long heads, long keyHeads)
    {
        if (y.Optional(1) is { } key)
            return (Heads.Apart(y[0], heads), Heads.Apart(key, keyHeads), Heads.Apart(y[2], keyHeads), y.Size(y[0], 2) / heads);
        var size = y.Size(y[0], 2) / (heads + 2 * keyHeads);
        var sides = y.Graph.AddNode("Split", "", [Heads.Apart(y[0], heads + 2 * keyHeads), y.Graph.Vector(heads, keyHeads, keyHeads)], [("axis", 1)], 3).Outputs;
        return (sides[0]!, sides[1]!, sides[2]!, size);
    }

    // How many positions each row has before the first query, int64 [B, 1]: none in a prompt, which is all that there is.
    private static Value Past(Node y, Value queries)
    {
        var ends = y[5].Cast(ElementType.Int64).Reshape(-1, 1) + y.Graph.Integer(1);
        return y[6].Cast(ElementType.Int64).Reshape(y.Graph.Vector()).Equal(queries).Where(y.Graph.Integer(0), ends - queries);
    }

    // Row b of the result is the first past[b] positions of the past, then the new ones, then 0: element t of it is t, or P + t − past[b].
    private static Value Joined(Node y, Value before, Value now, Value past, Value keys)
    {
        var (places, length) = (keys.Counted(), before.Length(2));
        var from = places.Less(past).Where(places, (places - past + length).Min(length + y[0].Length(1) - y.Graph.Integer(1)));   // [B, T]
        var all = Heads.After(before, now);
        var shape = Operators.Concat([all.DynamicShape().Slice(0, 0, 2), keys.Unsqueeze(0), all.DynamicShape().Slice(0, 3, 4)], 0);
        var inside = places.Less(past + y[0].Length(1)).Unsqueeze(1, 3);
        return y.Graph.Emit("GatherElements", [all, from.Unsqueeze(1, 3).Expand(shape)], ("axis", 2)).Masked(inside);
    }

    // The keys up to a query, within its window: bool [B, 1, S, T].
    private static Value Seen(Node y, Value past, Value queries, Value keys)
    {
        var (at, places) = ((past + queries.Counted()).Unsqueeze(1, 3), keys.Counted());
        var seen = at.GreaterOrEqual(places);
        return y.Int("local_window_size", -1) is > 0 and var window ? seen.And(places.Greater(at - y.Graph.Integer(window))) : seen;
    }

    // With a sink, a key that has a score and no value.
    private static Value Softmax(Node y, Value scores, long heads)
    {
        var sink = y.Optional(11) is { } given ? given.Reshape(1, heads, 1, 1) : y.Int("smooth_softmax", 0) != 0 ? scores.Like(0).Reshape(1, 1, 1, 1) : null;
        if (sink is null)
            return Heads.Softmax(scores);
        var shape = Operators.Concat([scores.DynamicShape().Slice(0, 0, 3), y.Graph.Vector(1)], 0);
        return Heads.Softmax(Operators.Concat([scores, sink.Expand(shape)], 3)).Slice(3, 0, -1);
    }
}
