using Sema.Onnx.Graphs.Autodiff;

namespace Sema.Onnx.Graphs.Composition;

/// <summary>Finds the values at which a loss can stand: the last floats before the outputs that depend smoothly on weights.</summary>
/// <remarks>
/// An output is such a value itself, unless it is an integer (ArgMax), carries no gradient, or has a size that depends on the data
/// (what NonMaxSuppression or NonZero chose): then the values that it is computed from are looked at in its place.
/// </remarks>
internal static class LossFrontier
{
    // Operators whose results have as many elements as the data say.
    private static readonly HashSet<string> Choices = ["NonMaxSuppression", "NonZero", "Unique", "Compress"];

    /// <summary>Gets the values, in the order in which the outputs lead to them.</summary>
    /// <param name="graph">The graph, upgraded and with its shapes filled in.</param>
    /// <param name="passed">The names of values at which no loss is to stand, but at what they are the activation of.</param>
    internal static IReadOnlyList<Value> Of(Graph graph, IReadOnlySet<string> passed)
    {
        var smooth = Smooth(graph);
        var chosen = Chosen(graph);
        var (found, seen, next) = (new List<Value>(), new HashSet<Value>(), new Stack<Value>(graph.Outputs.AsEnumerable().Reverse()));
        while (next.TryPop(out var value))
        {
            if (!seen.Add(value) || value.Producer is not { } producer)
                continue;
            if (passed.Contains(value.Name))
                next.Push(producer[0]);
            else if (smooth.Contains(value) && (value.Shape is { IsStatic: true } || !chosen.Contains(value)))
                found.Add(value);
            else
            {
                foreach (var before in producer.Inputs.OfType<Value>().Concat(producer.Captured).Reverse())
                    next.Push(before);
            }
        }

        return found;
    }

    // An operator without a rule counts as smooth: whoever needs a gradient through it is told.
    private static HashSet<Value> Smooth(Graph graph)
    {
        var reached = graph.Initializers.Where(v => v.Type.IsFloat() && TrainableWeights.IsConstant(v) is null).ToHashSet();
        foreach (var node in graph.Nodes.Where(n => !GradientRules.IsNotDifferentiable(n)))
        {
            var rule = GradientRules.Find(node);
            if (node.Inputs.Where((x, i) => rule is null || rule.Reaches(i)).Concat(node.Captured).Any(x => x is not null && reached.Contains(x)))
                reached.UnionWith(node.Outputs.Take(rule?.Outputs ?? int.MaxValue).Where(o => o is not null && o.Type.IsFloat())!);
        }

        return reached;
    }

    /// <summary>Gets the values whose sizes are those of what was chosen.</summary>
    internal static HashSet<Value> Chosen(Graph graph)
    {
        var chosen = new HashSet<Value>();
        foreach (var node in graph.Nodes.Where(n => Choices.Contains(n.OpType) || n.Inputs.Any(i => i is not null && chosen.Contains(i))))
            chosen.UnionWith(node.Outputs.OfType<Value>());
        return chosen;
    }
}
