using static Sema.Onnx.Graphs.Autodiff.GradientRule;

namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>Reductions: the gradient goes back to every element that was reduced.</summary>
internal static class Reductions
{
#pragma warning disable format // a table: aligned columns
    internal static readonly Dictionary<string, GradientRule> Rules = new()
    {
        // y = op(x, axes)           ∂L/∂x
        ["ReduceSum"]       = Of([(y, dY) => Kept(y, dY).Expand(y[0].ShapeVector())]),
        ["ReduceMean"]      = Of([(y, dY) => (Kept(y, dY) / Reduced(y)).Expand(y[0].ShapeVector())]),
        ["ReduceProd"]      = Of([(y, dY) => Kept(y, dY) * OtherFactors(y)]),
        ["ReduceMax"]       = Of([Chosen]),                                                    // tied elements share the gradient
        ["ReduceMin"]       = Of([Chosen]),
        ["ReduceL1"]        = Of([(y, dY) => Kept(y, dY) * y[0].Sign()]),
        ["ReduceL2"]        = Of([(y, dY) => (y[0] * (Kept(y, dY) / Kept(y, y.Output))).Masked(Kept(y, y.Output).Greater(y[0].Like(0)))]),
        ["ReduceSumSquare"] = Of([(y, dY) => y[0] * (Kept(y, dY) * 2)]),
        ["ReduceLogSum"]    = Of([(y, dY) => (Kept(y, dY) / Kept(y, y.Output).Exp()).Expand(y[0].ShapeVector())]),
        ["ReduceLogSumExp"] = Of([(y, dY) => Kept(y, dY) * (y[0] - Kept(y, y.Output)).Exp()]),
    };
#pragma warning restore format

    /// <summary>A reduced value with its reduced axes put back as axes of size 1.</summary>
    private static Value Kept(Node y, Value reduced) => y.Int("keepdims", 1) != 0 || Axes(y).Length == 0 ? reduced : reduced.Unsqueeze(Axes(y));

    /// <summary>The number of elements that went into each result, as a scalar of the input's type.</summary>
    private static Value Reduced(Node y)
    {
        var axes = Axes(y);
        if (axes.All(axis => y[0].KnownShape[(int)axis].IsKnown))
            return y[0].Like(axes.Aggregate(1.0, (n, axis) => n * y[0].KnownShape[(int)axis].Size));
        return y.Graph.Emit("ReduceProd", [y[0].DynamicShape().Gather(y.Graph.Vector(axes), 0)], ("keepdims", 0)).Cast(y[0].Type);
    }

    // The product of all elements but the one in each place: with one zero among them only that one's is not zero.
    private static Value OtherFactors(Node y)
    {
        var (x, axes) = (y[0], y.Graph.Vector(Axes(y)));
        var isZero = x.Equal(x.Like(0));
        var (zeros, factors) = (isZero.Cast(x.Type), isZero.Where(x.Like(1), x));
        var product = y.Graph.Emit("ReduceProd", [factors, axes], ("noop_with_empty_axes", 1));
        return (product / factors).Masked(zeros.Sum(axes, keep: true).Equal(zeros));
    }

    // k elements that tie take 1/k each.
    private static Value Chosen(Node y, Value dY)
    {
        var chosen = y[0].Equal(Kept(y, y.Output)).Cast(dY.Type);
        return Axes(y).Length == 0 ? dY : chosen * (Kept(y, dY) / chosen.Sum(Axes(y), keep: true));
    }

    /// <summary>The reduced axes from the front: given, all where none are given, or none at all.</summary>
    private static long[] Axes(Node y)
    {
        var rank = y[0].Rank;
        if (y.Optional(1) is { } axes && axes.Initializer is null)
            throw new InvalidModelException($"Operator '{y.OpType}', node {y.Label}: its axes are computed when the graph runs; they must be constant.");
        var given = y.Optional(1)?.Initializer?.ToInt64() ?? [];
        return given.Length > 0 ? [.. given.Select(a => a < 0 ? a + rank : a)]
            : y.Int("noop_with_empty_axes", 0) != 0 ? []
            : [.. Enumerable.Range(0, rank).Select(a => (long)a)];
    }
}
