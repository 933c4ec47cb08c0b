namespace Sema.Onnx.Graphs.Passes;

/// <summary>The operators of one attention, as an exporter wrote them.</summary>
/// <param name="Q">[.., queries, columns].</param>
/// <param name="KTurned">[.., columns, keys].</param>
/// <param name="V">[.., keys, columns].</param>
internal sealed record AttentionChain(Value Q, Value KTurned, Value V)
{
    // From here on a number added to any score gives itself: what a condition puts in a score's place may be added instead.
    private const double Lowest = -1e30;

    /// <summary>Gets the scalars that the products are multiplied by.</summary>
    internal required IReadOnlyList<Value> Factors { get; init; }

    /// <summary>Gets the scalars that they are divided by.</summary>
    internal required IReadOnlyList<Value> Divisors { get; init; }

    /// <summary>Gets what is added to the scores, or the condition that chooses between them and <see cref="Hidden"/>.</summary>
    internal Value? Mask { get; private init; }

    /// <summary>Gets the number that hidden scores get, where the mask is a condition.</summary>
    internal Value? Hidden { get; private init; }

    /// <summary>Gets whether the scores where the condition holds are the hidden ones.</summary>
    internal bool HidesTrue { get; private init; }

    /// <summary>Finds the attention that a product ends, none of whose values anybody else reads.</summary>
    internal static AttentionChain? Ending(Node product)
    {
        if (product[0].Made("Softmax") is not { } softmax || softmax.Axis("axis", -1, product[0].Rank) != product[0].Rank - 1 || !IsAlone(product[0]))
            return null;
        List<Value> factors = [], divisors = [];
        var scores = softmax[0];
        var (mask, hidden, hidesTrue) = ((Value?)null, (Value?)null, false);
        if (scores.Made("Add") is { } sum && IsAlone(scores))
        {
            if (Scores(sum[0]) is null == Scores(sum[1]) is null)
                return null;
            (scores, mask) = Scores(sum[0]) is null ? (sum[1], sum[0]) : (sum[0], sum[1]);
        }
        else if (scores.Made("Where") is { } choice && IsAlone(scores))
        {
            hidesTrue = choice[1].Scalar() is not null;
            (scores, mask, hidden) = hidesTrue ? (choice[2], choice[0], choice[1]) : (choice[1], choice[0], choice[2]);
            if (!(hidden.Scalar() <= Lowest))
                return null;
        }

        if (Scores(scores) is not { } dots || !Fits(mask, dots.Output) || dots.Output.Shape?.SequenceEqual(product[0].KnownShape) != true)
            return null;
        Scaled(scores, factors, divisors, alone: true);
        var chain = new AttentionChain(Scaled(dots[0], factors, divisors, alone: false), Scaled(dots[1], factors, divisors, alone: false), product[1])
        {
            Factors = factors,
            Divisors = divisors,
            Mask = mask,
            Hidden = hidden,
            HidesTrue = hidesTrue,
        };
        return chain;

        Node? Scores(Value value) => Scaled(value, [], [], alone: true).Made("MatMul") is { } dots && IsAlone(dots.Output) ? dots : null;
    }

    /// <summary>Gets what is added to the scores; 0 where nothing is.</summary>
    internal Value MaskIn(Graph graph) => Mask is null ? graph.Scalar(0, ElementType.Float32)
        : Hidden is null ? Mask
        : HidesTrue ? Mask.Where(Hidden, graph.Scalar(0, ElementType.Float32)) : Mask.Where(graph.Scalar(0, ElementType.Float32), Hidden);

    // What a value is without the scalars that it is multiplied by or divided by.
    private static Value Scaled(Value value, List<Value> factors, List<Value> divisors, bool alone)
    {
        while (!alone || IsAlone(value))
        {
            if (value.Made("Mul") is { } product && (IsScalar(product[1]) || IsScalar(product[0])))
            {
                var second = IsScalar(product[1]);
                factors.Add(product[second ? 1 : 0]);
                value = product[second ? 0 : 1];
            }
            else if (value.Made("Div") is { } ratio && IsScalar(ratio[1]))
            {
                divisors.Add(ratio[1]);
                value = ratio[0];
            }
            else
            {
                break;
            }
        }

        return value;
    }

    private static bool IsScalar(Value value) => value.Shape is { IsStatic: true, Count: 1, Rank: <= 2 };

    // A mask of more axes, or of more places on one, would make more scores of them.
    private static bool Fits(Value? mask, Value scores) => mask is null || (mask.Shape is { IsStatic: true } shape && scores.Shape is { IsStatic: true } full
        && shape.Rank <= full.Rank && shape.Sizes.Zip(full.Sizes.Skip(full.Rank - shape.Rank)).All(s => s.First == 1 || s.First == s.Second));

    private static bool IsAlone(Value value) =>
        !value.Graph.Outputs.Contains(value) && value.Graph.AllNodes.SelectMany(n => n.Inputs).Count(x => x == value) == 1;
}
