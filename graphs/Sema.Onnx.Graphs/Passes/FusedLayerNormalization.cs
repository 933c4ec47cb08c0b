namespace Sema.Onnx.Graphs.Passes;

/// <summary>Puts LayerNormalization in the place of the operators that exporters before opset 17 wrote it in: (x − mean)/√(variance + ε) · scale + bias.</summary>
/// <remarks>The runtime joins them too, but not in a graph whose gradients read the values between.</remarks>
internal static class FusedLayerNormalization
{
    /// <summary>Runs the pass, on bodies too; the shapes must be known.</summary>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Graph graph)
    {
        var changed = false;
        foreach (var node in graph.Nodes.Where(n => n is { OpType: "Div", Domain.Length: 0 }).ToList())
        {
            if (Normal(node) is not var (x, axis, epsilon) || Next(graph, node.Output, "Mul") is not var (scaled, scale) || !Fits(scale, x, axis))
                continue;
            var (last, bias) = Next(graph, scaled.Output, "Add") is var (sum, b) && Fits(b, x, axis) ? (sum, b) : (scaled, null);
            graph.ReplaceNode(last, () => [graph.Emit("LayerNormalization", [x, scale, bias], ("axis", axis), ("epsilon", (float)epsilon))]);
            if (last != scaled)
            {
                graph.Nodes.Remove(scaled);
                graph.Remove(scaled.Output);
            }

            changed = true;
        }

        return graph.Bodies.ToList().FindAll(Run).Count > 0 || changed;
    }

    // What is normalised, from which axis on, and ε, where a division ends a normalisation.
    private static (Value X, long Axis, double Epsilon)? Normal(Node division)
    {
        if (division.Output.Type != ElementType.Float32
            || division[0].Made("Sub") is not { } centred || centred[1].Made("ReduceMean") is not { } mean || mean[0] != centred[0]
            || division[1].Made("Sqrt") is not { } root || LastAxes(mean) is not { } axis)
        {
            return null;
        }

        var found = from sum in root[0].Operands("Add")
                    where sum.Item2.Scalar() is not null
                    let variance = sum.Item1.Made("ReduceMean")
                    where variance is not null && LastAxes(variance) == axis && IsSquare(variance[0], centred)
                    select (double?)sum.Item2.Scalar();
        return found.FirstOrDefault() is { } epsilon ? (centred[0], axis, epsilon) : null;
    }

    // Of x − mean, or of another such difference: some exporters take it twice.
    private static bool IsSquare(Value value, Node centred)
    {
        var root = value.Made("Pow") is { } power && power[1].IsConstant(2) ? power[0] : value.Made("Mul") is { } product && product[0] == product[1] ? product[0] : null;
        return root?.Made("Sub") is { } other && other.Inputs.SequenceEqual(centred.Inputs);
    }

    // The first of the axes, where they are all to the last and are kept.
    private static long? LastAxes(Node mean)
    {
        if (mean.Int("keepdims", 1) != 1 || mean.Optional(1)?.Initializer is not { } constant || mean[0].Shape is not { } shape)
            return null;
        long[] axes = [.. constant.ToInt64().Select(a => a < 0 ? a + shape.Rank : a).Order()];
        return axes.Length > 0 && axes.SequenceEqual(Enumerable.Range(shape.Rank - axes.Length, axes.Length).Select(a => (long)a)) ? axes[0] : null;
    }

    // The one node that reads a value, and what it is joined with there.
    private static (Node Node, Value Other)? Next(Graph graph, Value value, string op) =>
        graph.AllNodes.Where(n => n.Inputs.Contains(value)).Take(2).ToList() is [{ Domain.Length: 0 } node] && node.OpType == op && node.Graph == graph
        && !graph.Outputs.Contains(value) ? (node, node[0] == value ? node[1] : node[0]) : null;

    private static bool Fits(Value parameter, Value x, long axis) =>
        parameter.Shape is { IsStatic: true } shape && parameter.Type == x.Type && shape.Sizes.SequenceEqual(x.KnownShape.Sizes.Skip((int)axis));
}
