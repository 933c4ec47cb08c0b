using Sema.Onnx.Graphs.Upgrade;

namespace Sema.Onnx.Graphs.Autodiff;

/// <summary>The nodes of one graph through which a gradient flows, in running order.</summary>
internal sealed class GradientPath
{
    private readonly HashSet<Value> _values;

    private GradientPath(HashSet<Value> values, List<Node> nodes) => (_values, Nodes) = (values, nodes);

    internal List<Node> Nodes { get; }

    internal bool Contains(Value value) => _values.Contains(value);

    /// <summary>Finds the way from some values of a graph to others.</summary>
    internal static GradientPath Between(Graph graph, IEnumerable<Value> sources, IEnumerable<Value> sinks)
    {
        var reached = sources.ToHashSet();
        var forward = graph.Nodes.Where(node =>
        {
            var carries = CarryingInputs(node).Any(reached.Contains);
            if (carries)
                reached.UnionWith(node.Outputs.Where(o => o is not null && Carries(o))!);
            return carries;
        }).ToList();

        var needed = sinks.ToHashSet();
        var nodes = forward.AsEnumerable().Reverse().Where(node =>
        {
            var leads = node.Outputs.Any(o => o is not null && needed.Contains(o));
            if (leads)
                needed.UnionWith(CarryingInputs(node).Where(reached.Contains));
            return leads;
        }).Reverse().ToList();
        needed.IntersectWith(reached);
        return new(needed, nodes);
    }

    /// <summary>Gets the names of the weights that a node depends on.</summary>
    internal static IReadOnlyList<string> Behind(Node node, IReadOnlyCollection<Value> wrt)
    {
        var behind = CarryingInputs(node).ToHashSet();
        foreach (var earlier in node.Graph.Nodes.Take(node.Graph.Nodes.IndexOf(node)).Reverse())
        {
            if (earlier.Outputs.Any(o => o is not null && behind.Contains(o)))
                behind.UnionWith(CarryingInputs(earlier));
        }

        return [.. wrt.Where(behind.Contains).Select(v => v.Name)];
    }

    /// <summary>Gets the nodes without a rule on the way, those inside bodies too, each with the node of this graph that it belongs to.</summary>
    internal IEnumerable<(Node Node, Node Outer)> Obstacles() => Nodes.SelectMany(outer => GradientRules.Find(outer) is null
        ? [(outer, outer)]
        : outer.Subgraphs().SelectMany(body => Inside(body, _values)).Select(inner => (inner, outer)));

    /// <summary>Gets whether a value may carry a gradient; what has no type here is a sequence, which no rule knows.</summary>
    internal static bool Carries(Value value) => value.Type.IsFloat() || value.Type == ElementType.Undefined;

    // The states of a loop and what the body takes from outside lead in, everything it gives leads out.
    private static IEnumerable<Node> Inside(Graph body, HashSet<Value> outside)
    {
        var entries = body.Nodes.Where(n => n.Inputs.Exists(x => x is not null && x.Graph != body && outside.Contains(x))).SelectMany(n => n.Outputs.OfType<Value>());
        return Between(body, entries.Concat(body.Inputs).Where(Carries), body.Outputs.Where(Carries)).Obstacles().Select(o => o.Node);
    }

    // An operator without a rule counts as carrying: whoever needs a gradient through it must be told.
    private static IEnumerable<Value> CarryingInputs(Node node)
    {
        if (GradientRules.IsNotDifferentiable(node))
            return [];
        var rule = GradientRules.Find(node);
        return node.Inputs.Where((_, i) => rule is null || rule.Reaches(i)).Concat(node.Captured).Where(x => x is not null && Carries(x))!;
    }
}
