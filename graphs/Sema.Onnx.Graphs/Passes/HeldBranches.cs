namespace Sema.Onnx.Graphs.Passes;

/// <summary>Separates what a graph chooses (the side of a kink, the largest element) from what it computes smoothly: for checks by differences.</summary>
/// <remarks>
/// A network of ReLUs, clips and maxima is smooth in pieces. With the choices of one point held, the graph computes the piece that
/// the point is on, continued beyond its borders: equal to the model at the point, of the same gradient, and without kinks for a step to cross.
/// At a kink or a tie itself the piece is the one that the gradient rules state. Bodies of If, Loop and Scan are left as they are.
/// </remarks>
internal static class HeldBranches
{
#pragma warning disable format // a table: aligned columns
    private static readonly Dictionary<string, Func<Node, Value[]>> Forms = new()
    {
        // y = op(x)           the same, of choices and of what is smooth
        ["Relu"]            = y => [y[0] * Positive(y).Cast(y[0].Type)],
        ["LeakyRelu"]       = y => [y[0] * Positive(y).Where(y[0].Like(1), y[0].Like(y.Float("alpha", 0.01f)))],
        ["PRelu"]           = y => [Positive(y).Where(y[0], y[0] * y[1])],
        ["ThresholdedRelu"] = y => [y[0] * y[0].Greater(y[0].Like(y.Float("alpha", 1))).Cast(y[0].Type)],
        ["Elu"]             = y => [Elu(y, y.Float("alpha", 1))],
        ["Selu"]            = y => [Elu(y, y.Float("alpha", 1.6732632f)) * y.Float("gamma", 1.050701f)],
        ["Abs"]             = y => [y[0] * y[0].Sign()],
        ["Clip"]            = y => [Between(y[0], y.Optional(1), y.Optional(2))],
        ["HardSigmoid"]     = y => [HardSigmoid(y[0], y.Float("alpha", 0.2f), y.Float("beta", 0.5f))],
        ["HardSwish"]       = y => [y[0] * HardSigmoid(y[0], 1.0 / 6, 0.5)],
        ["Max"]             = y => [Chosen(y)],
        ["Min"]             = y => [Chosen(y)],
        ["ReduceMax"]       = y => [Extreme(y, "ReduceMax", y.Optional(1))],
        ["ReduceMin"]       = y => [Extreme(y, "ReduceMin", y.Optional(1))],
        ["ReduceL1"]        = y => [y.Graph.Emit("ReduceSum", [y[0] * y[0].Sign(), y.Optional(1)], y.Attributes)],
        ["MaxPool"]         = y => Picked(y, (x, at) => x.Reshape(-1).Gather(at, 0)),
        ["GlobalMaxPool"]   = y => [Extreme(y, "ReduceMax", y.Graph.Vector([.. Enumerable.Range(2, y[0].Rank - 2).Select(i => (long)i)]))],
        ["TopK"]            = y => Picked(y, (x, at) => x.Graph.Emit("GatherElements", [x, at], ("axis", y.Int("axis", -1)))),
    };
#pragma warning restore format

    // Floats that are flat but for steps, and the grid that quantisation takes from its input, which straight-through gradients hold.
    private static readonly HashSet<string> Steps = ["Sign", "Floor", "Ceil", "Round", "DynamicQuantizeLinear"];

    // Integers that say nothing of what their input holds.
    private static readonly HashSet<string> Sizes = ["Shape", "Size"];

    /// <summary>Gets every operator that is written so, sorted by name.</summary>
    internal static IEnumerable<string> Operators => Forms.Keys.Order(StringComparer.Ordinal);

    /// <summary>Writes every operator with a kink as choices and what is smooth.</summary>
    /// <param name="graph">The graph, with its types filled in.</param>
    /// <param name="weights">What differences are taken by.</param>
    /// <returns>The names of the choices as the smooth part reads them: integers, conditions and steps that are computed from floats that
    /// depend on a weight, and what is computed from such alone.</returns>
    internal static IReadOnlyList<string> Run(Graph graph, IEnumerable<Value> weights)
    {
        foreach (var node in graph.Nodes.Where(n => Forms.ContainsKey(n.QualifiedType) && n.Output.Type.IsFloat()).ToList())
            graph.ReplaceNode(node, () => Forms[node.QualifiedType](node));

        var (moving, chosen, read) = (weights.ToHashSet(), new HashSet<Value>(), new List<Value>());
        foreach (var node in graph.Nodes.Where(n => !Sizes.Contains(n.OpType)))
        {
            var inputs = node.Inputs.OfType<Value>().Concat(node.Captured).ToList();
            var isMoving = inputs.Exists(moving.Contains);
            if (isMoving)
                read.AddRange(inputs.Where(chosen.Contains));
            foreach (var output in node.Outputs.OfType<Value>().Where(_ => isMoving || inputs.Exists(chosen.Contains)))
                (isMoving && (output.Type.IsFloat() || output.Type.Size() == 0) && !Steps.Contains(node.OpType) ? moving : chosen).Add(output);
        }

        return [.. read.Select(v => v.Name).Distinct()];
    }

    /// <summary>Makes inputs of the choices that a graph computes.</summary>
    internal static void Hold(Graph graph, IEnumerable<string> choices)
    {
        foreach (var choice in choices.Select(graph.Find).OfType<Value>().ToList())
        {
            var name = choice.Name;
            graph.Rename(choice, graph.UniqueName(name + "_computed"));
            graph.Replace(choice, graph.AddInput(name, choice.Type, choice.Shape));
        }

        graph.Prune();
    }

    private static Value Positive(Node y) => y[0].Greater(y[0].Like(0));

    private static Value Elu(Node y, double alpha) => Positive(y).Where(y[0], (y[0].Exp() - 1) * alpha);

    private static Value HardSigmoid(Value x, double alpha, double beta) => Between(x * alpha + beta, x.Like(0), x.Like(1));

    // x where it is inside, the bound where it is not: the bounds count as outside.
    private static Value Between(Value x, Value? low, Value? high)
    {
        var (slope, rest) = (x.Like(1), x.Like(0));
        if (high is not null)
            (slope, rest) = (x.Less(high).Where(slope, x.Like(0)), x.Less(high).Where(rest, high));
        if (low is not null)
            (slope, rest) = (x.Greater(low).Where(slope, x.Like(0)), x.Greater(low).Where(rest, low));
        return x * slope + rest;
    }

    // The mean of those that are chosen: tied ones share the gradient.
    private static Value Chosen(Node y)
    {
        var extreme = y.Graph.Emit(y.OpType, y.Inputs);
        var chosen = y.Inputs.Select(x => x!.Equal(extreme).Cast(y.Output.Type)).ToList();
        var count = y.Graph.Emit("Sum", chosen);
        return y.Graph.Emit("Sum", y.Inputs.Zip(chosen, (x, c) => x! * (c / count)));
    }

    private static Value Extreme(Node y, string op, Value? axes)
    {
        Attribute[] others = [.. y.Attributes.Where(a => a.Name == "noop_with_empty_axes")];
        Attribute[] kept = [.. others, new("keepdims", 1L)];
        var chosen = y[0].Equal(y.Graph.Emit(op, [y[0], axes], kept)).Cast(y.Output.Type);
        var share = chosen / y.Graph.Emit("ReduceSum", [chosen, axes], kept);
        return y.Graph.Emit("ReduceSum", [y[0] * share, axes], [.. others, new("keepdims", y.Int("keepdims", 1))]);
    }

    private static Value[] Picked(Node y, Func<Value, Value, Value> pick)
    {
        var chooser = y.Graph.AddNode(y.OpType, "", y.Inputs, y.Attributes, 2);
        var at = chooser.Outputs[1]!.As(ElementType.Int64);
        return [pick(y[0], at), at];
    }
}
