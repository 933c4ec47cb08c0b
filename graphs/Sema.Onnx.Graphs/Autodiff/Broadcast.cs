namespace Sema.Onnx.Graphs.Autodiff;

/// <summary>Undoes broadcasting: sums a gradient over the axes along which a value was repeated.</summary>
internal static class Broadcast
{
    /// <summary>Sums a gradient to a value's shape.</summary>
    /// <param name="dX">The gradient, in the output's shape but for the last axes, which are the input's own.</param>
    /// <param name="y">The output that the input was broadcast to.</param>
    /// <param name="x">The input.</param>
    /// <param name="coreAxes">How many trailing axes are not broadcast.</param>
    internal static Value SumTo(Value dX, Value y, Value x, int coreAxes)
    {
        if (y.Shape is not { } wide || x.Shape is not { } narrow)
            return SumToDynamic(dX, x);
        var extra = wide.Rank - narrow.Rank;
        var outer = Enumerable.Range(0, wide.Rank - coreAxes).ToList();
        if (outer.Any(i => i >= extra && IsOpen(narrow[i - extra], wide[i])))
            return SumToDynamic(dX, x);
        long[] axes = [.. outer.Where(i => i < extra || (narrow[i - extra].Size == 1 && wide[i].Size != 1)).Select(i => (long)i)];
        if (axes.Length == 0)
            return dX;
        var sum = dX.Sum(axes, keep: false);
        return narrow.Rank + axes.Length == wide.Rank ? sum : sum.Reshape(x.ShapeVector());
    }

    // Whether only the run can tell if a size is repeated: it is unknown, and not the very symbol that the output has.
    private static bool IsOpen(Dimension narrow, Dimension wide) => !narrow.IsKnown && (narrow.Symbol is null || narrow != wide);

    // The axes are found when the graph runs: those on which the input has size 1, padded to the gradient's rank in front.
    // Where the output has size 1 too, and on the operator's own axes, the sum changes nothing.
    private static Value SumToDynamic(Value dX, Value x)
    {
        var graph = dX.Graph;
        var shape = x.DynamicShape();
        var rank = dX.DynamicShape().DynamicShape();
        var ones = graph.Emit("ConstantOfShape", [rank - shape.DynamicShape()], ("value", Tensor.Vector(1)));
        var axes = graph.Emit("NonZero", [Operators.Concat([ones, shape], 0).Equal(graph.Integer(1))]).As(ElementType.Int64).Reshape(-1);
        return dX.Sum(axes, keep: true).Reshape(shape);
    }
}
