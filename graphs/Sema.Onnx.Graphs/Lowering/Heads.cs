namespace Sema.Onnx.Graphs.Lowering;

/// <summary>The mathematics that all forms of attention share, on values [B, N, S, H]: batch, heads, positions, a head's size.</summary>
internal static class Heads
{
    /// <summary>[B, S, N·H] as [B, N, S, H].</summary>
    internal static Value Apart(Value x, long heads) => x.Reshape(0, 0, heads, -1).Transpose(0, 2, 1, 3);

    /// <summary>[B, N, S, H] as [B, S, N·H].</summary>
    internal static Value Together(Value x) => x.Transpose(0, 2, 1, 3).Reshape(0, 0, -1);

    /// <summary>Each head so many times in a row, for queries in groups.</summary>
    internal static Value Repeated(Value x, long times)
    {
        if (times == 1)
            return x;
        var graph = x.Graph;
        return x.Unsqueeze(2).Expand(graph.Vector(1, 1, times, 1, 1)).Reshape(Operators.Concat(
            [x.DynamicShape().Slice(0, 0, 1), graph.Vector(-1), x.DynamicShape().Slice(0, 2, 4)], 0));
    }

    /// <summary>Positions so far, then new ones.</summary>
    internal static Value After(Value? past, Value now) => past is null ? now : Operators.Concat([past, now], 2);

    /// <summary>scale·Q·Kᵀ: [B, N, S, T].</summary>
    internal static Value Scores(Value q, Value k, double scale) => (q * scale).MatMul(k.Transpose(0, 1, 3, 2));

    /// <summary>cap·tanh(x/cap); a cap of 0 is none.</summary>
    internal static Value Capped(Value scores, double cap) => cap == 0 ? scores : (scores / cap).Tanh() * cap;

    /// <summary>0 where a key counts, a large negative number elsewhere, to be added to the scores.</summary>
    internal static Value Additive(Value condition, Value scores, double filter) => condition.Where(scores.Like(0), scores.Like(filter));

    /// <summary>Which of T keys a query may see, not those after it: bool [S, T], the first query at position <paramref name="start"/>.</summary>
    internal static Value Causal(Value start, Value queries, Value keys) =>
        (start + queries).CountedFrom(start).Unsqueeze(1).GreaterOrEqual(keys.Counted());

    internal static Value Softmax(Value scores) => scores.Graph.Emit("Softmax", [scores], ("axis", -1));
}
