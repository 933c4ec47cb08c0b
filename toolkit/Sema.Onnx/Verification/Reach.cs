using Sema.Onnx.Graphs;

namespace Sema.Onnx.Verification;

/// <summary>Finds what a change of some inputs of a graph reaches.</summary>
internal static class Reach
{
    /// <summary>Divides inputs into groups that reach about the same nodes: those that reach most first.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="inputs">The names of inputs; one that the graph lacks reaches nothing.</param>
    /// <param name="size">The number of inputs in a group; the last may be smaller.</param>
    internal static IReadOnlyList<string[]> Groups(Graph graph, IEnumerable<string> inputs, int size) =>
        [.. inputs.OrderByDescending(name => Of(graph, [name]).Count).Chunk(size)];

    /// <summary>Finds the values at which the part of a graph begins that inputs reach.</summary>
    /// <returns>The names of the values that the part reads and does not compute, but for inputs and for what depends on none of them.
    /// A value that is no tensor of numbers counts as part of it.</returns>
    internal static IReadOnlyList<string> Border(Graph graph, IEnumerable<string> inputs)
    {
        var (reached, varying) = (Of(graph, inputs), Of(graph, graph.Inputs.Select(v => v.Name)));
        var (read, border) = (new HashSet<Value>(), new List<string>());
        foreach (var node in graph.Nodes.AsEnumerable().Reverse())
        {
            var wanted = node.Outputs.OfType<Value>().Where(read.Contains).ToList();
            if (!reached.Contains(node) && wanted.TrueForAll(v => varying.Contains(node) && v.Type.Size() > 0))
                border.AddRange(wanted.Select(v => v.Name));
            else if (reached.Contains(node) || wanted.Count > 0)
                read.UnionWith(Reads(node));
        }

        return border;
    }

    private static HashSet<Node> Of(Graph graph, IEnumerable<string> inputs)
    {
        var (moving, reached) = (inputs.Select(graph.Find).OfType<Value>().ToHashSet(), new HashSet<Node>());
        foreach (var node in graph.Nodes.Where(n => Reads(n).Any(moving.Contains)))
        {
            reached.Add(node);
            moving.UnionWith(node.Outputs.OfType<Value>());
        }

        return reached;
    }

    private static IEnumerable<Value> Reads(Node node) => node.Inputs.OfType<Value>().Concat(node.Captured);
}
