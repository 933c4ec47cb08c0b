namespace Sema.Onnx.Graphs.Lowering;

/// <summary>Normalisations over the last axes, with what stands before them.</summary>
internal static class LayerNormalizations
{
    private const float DefaultEpsilon = 1e-12f;

    /// <summary>x/√(mean(x²) + ε)·scale, and 1/√(mean(x²) + ε).</summary>
    internal static IReadOnlyList<Value?> RootMeanSquare(Node y)
    {
        var rank = y.RankOf(y[0]);
        var axis = y.Axis("axis", -1, rank);
        return RootMeanSquare(y[0], y[1], y.Float("epsilon", 1e-5f), [.. Enumerable.Range(axis, rank - axis).Select(i => (long)i)]);
    }

    internal static IReadOnlyList<Value?> Skip(Node y)
    {
        var sum = Sum(y[0], y[1], y.Optional(4));
        return [Normalized(y, sum, y[2], y.Optional(3)), null, null, sum];
    }

    internal static IReadOnlyList<Value?> SkipRootMeanSquare(Node y)
    {
        var sum = Sum(y[0], y[1], y.Optional(3));
        return [RootMeanSquare(sum, y[2], y.Float("epsilon", DefaultEpsilon), [-1])[0], null, null, sum];
    }

    /// <summary>The sum of a word's, its place's and its segment's vectors, normalised; how many words count; the sum itself.</summary>
    internal static IReadOnlyList<Value?> Embed(Node y)
    {
        Value ids = y[0], word = y[2], position = y[3], gamma = y[5], beta = y[6];
        var sum = word.Gather(ids, 0).As(word.Type) + position.Gather(y.Optional(8) ?? ids.Length(1).Counted(), 0).As(word.Type);
        if (y.Optional(1) is { } segment)
            sum += y[4].Gather(segment, 0).As(word.Type);
        return [Normalized(y, sum, gamma, beta), y.Makes(1) ? Lengths(ids, y.Optional(7)) : null, sum];
    }

    // How many elements of each row are 1, int32 [B]; 0 without a mask.
    private static Value Lengths(Value ids, Value? mask)
    {
        var graph = ids.Graph;
        return mask is null
            ? graph.Emit("ConstantOfShape", [ids.Length(0).Unsqueeze(0)], ("value", new Tensor(ElementType.Int32, [1], new byte[sizeof(int)]))).As(ElementType.Int32)
            : mask.Cast(ElementType.Int64).Equal(graph.Integer(1)).Cast(ElementType.Int32).Sum([1], keep: false);
    }

    private static Value Normalized(Node y, Value x, Value gamma, Value? beta) =>
        y.Graph.Emit("LayerNormalization", [x, gamma, beta], ("axis", -1), ("epsilon", y.Float("epsilon", DefaultEpsilon)));

    private static Value[] RootMeanSquare(Value x, Value scale, double epsilon, long[] axes)
    {
        var inverse = (x.Square().Mean(axes, keep: true) + epsilon).Sqrt().Reciprocal();
        return [x * inverse * scale, inverse];
    }

    private static Value Sum(Value x, Value skip, Value? bias) => bias is null ? x + skip : x + skip + bias;
}
