namespace Sema.Onnx.Graphs.Passes;

/// <summary>How an attention reads Q, K and V: where they stand, in their own order of axes.</summary>
/// <param name="Function">The function to call.</param>
/// <param name="Inputs">Makes its first inputs.</param>
/// <param name="Perm">The order of the axes of its result that gives [.., heads, length, columns]; its own inverse.</param>
/// <param name="Shape">The shape of its result.</param>
internal sealed record AttentionOperands(string Function, Func<Value[]> Inputs, long[] Perm, Shape Shape)
{
    private static readonly long[] Packed = [2, 0, 3, 1, 4], HeadsFirst = [0, 2, 1, 3];

    /// <summary>Gets the call's attributes.</summary>
    internal IEnumerable<Attribute> Attributes => Function == "PackedAttention" ? []
        : [("perm", Perm), ("turn", Swapped([.. Enumerable.Range(0, Perm.Length).Select(i => (long)i)]))];

    /// <summary>Finds the operands: the parts of one tensor, or else what was transposed.</summary>
    internal static AttentionOperands? Of(Value q, Value kTurned, Value v)
    {
        var rank = q.Rank;
        if (rank < 2 || new[] { q, kTurned, v }.Any(x => x.Shape is not { IsStatic: true } shape || shape.Rank != rank || !shape.SkipLast(2).SequenceEqual(q.KnownShape.SkipLast(2))))
            return null;
        var (kSource, kOrder) = Source(kTurned);
        kOrder = Swapped(kOrder);
        var ((qSource, qOrder), (vSource, vOrder)) = (Source(q), Source(v));
        if (qOrder.SequenceEqual(kOrder) && qOrder.SequenceEqual(vOrder))
        {
            if ((IsPlain(qOrder) ? FrontParts(qSource, kSource, vSource) : LastParts(qSource, kSource, vSource, qOrder)) is { } packed)
                return packed;
            if (qOrder[^1] == rank - 1 && qOrder.Select(axis => qOrder[axis]).Select((axis, i) => axis == i).All(same => same))
                return new("Attention", () => [qSource, kSource, vSource], qOrder, Result(qSource, vSource));
        }

        long[] plain = Swapped(Swapped([.. Enumerable.Range(0, rank).Select(i => (long)i)]));
        return new("Attention", () => [q, IsPlain(kOrder) ? kSource : kTurned.Transpose(rank), v], plain, Result(q, v));
    }

    /// <summary>Brings the call's result to the order [.., heads, length, columns].</summary>
    internal Value Back(Value y) => IsPlain(Perm) ? y : y.Transpose(Perm);

    private static AttentionOperands Whole(long[] sizes, Func<Value> packed) =>
        new("PackedAttention", () => [packed()], HeadsFirst, Shape.Of(sizes[0], sizes[1], sizes[3], sizes[4]));

    // Parts 0, 1 and 2 of the first axis of what was transposed from [batch, length, 3, heads, columns].
    private static AttentionOperands? FrontParts(Value q, Value k, Value v)
    {
        if (FrontPart(q)?.Whole is not { } whole || FrontPart(q)?.Part != 0 || FrontPart(k) != (whole, 1) || FrontPart(v) != (whole, 2))
            return null;
        var (source, order) = Source(whole);
        return order.SequenceEqual(Packed) && source.KnownShape is { IsStatic: true } shape && shape[2].Size == 3 ? Whole(shape.Sizes, () => source) : null;
    }

    private static (Value Whole, long Part)? FrontPart(Value part)
    {
        if (part.Made("Gather") is { } gather && gather.Int("axis", 0) == 0 && gather[1] is { Initializer: { Count: 1 } index, Rank: 0 } && gather[0].Rank == 5)
            return (gather[0], index.ToInt64()[0]);
        return part.Made("Squeeze") is { } squeeze && squeeze.Optional(1)?.Initializer is { Count: 1 } axes && axes.ToInt64()[0] == 0
            && squeeze[0].Made("Split") is { } split && split.Int("axis", 0) == 0 && split.Outputs.Count == 3 && split[0].Rank == 5
            ? (split[0], split.Outputs.IndexOf(squeeze[0])) : null;
    }

    // [batch, length, 3 E] split into three along its last axis, each seen as [batch, length, heads, columns].
    private static AttentionOperands? LastParts(Value q, Value k, Value v, long[] order)
    {
        if (!order.SequenceEqual(HeadsFirst) || q.Made("Reshape")?[0].Made("Split") is not { Outputs.Count: 3 } split || split[0].Rank != 3 || split.Axis("axis", 0, 3) != 2)
            return null;
        Value[] parts = [q, k, v];
        var s = q.KnownShape.Sizes;
        if (parts.Index().Any(p => p.Item.Made("Reshape")?[0] != split.Outputs[p.Index] || !p.Item.KnownShape.Sizes.SequenceEqual(s))
            || split.Outputs.Any(o => o?.Shape is not { IsStatic: true } shape || !shape.Sizes.SequenceEqual([s[0], s[1], s[2] * s[3]])))
        {
            return null;
        }

        return Whole([s[0], s[1], 3, s[2], s[3]], () => split[0].Reshape(s[0], s[1], 3, s[2], s[3]));
    }

    // What transpositions made a value of, and the order of its axes that they come to.
    private static (Value Value, long[] Order) Source(Value value)
    {
        long[] order = [.. Enumerable.Range(0, value.Rank).Select(i => (long)i)];
        while (value.Made("Transpose") is { } node && node.Ints("perm") is { } perm)
        {
            order = [.. order.Select(axis => perm[axis])];
            value = node[0];
        }

        return (value, order);
    }

    private static Shape Result(Value q, Value v) => Shape.Of([.. q.KnownShape.Sizes[..^1], v.KnownShape.Sizes[^1]]);

    private static bool IsPlain(long[] order) => order.Select((axis, i) => axis == i).All(same => same);

    private static long[] Swapped(long[] axes) => [.. axes[..^2], axes[^1], axes[^2]];
}
