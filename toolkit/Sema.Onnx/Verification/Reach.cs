using Sema.Onnx.Graphs;

namespace Sema.Onnx.Verification;

/// <summary>Finds what a change of some inputs of a graph reaches.</summary>
internal static class Reach
{
    /// <summary>Divides inputs into groups that reach about the same nodes: those that reach most first.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="inputs">The names of inputs; one that the graph lacks reaches nothing.</param>
    /// <param name="size">The number of inputs in a group; the last may be smaller.</param>
    internal static IReadOnlyList<string[]> Groups(Graph graph, IEnumerable<string> inputs, int size)
    {
        var reads = Reads(graph);
        return [.. inputs.OrderByDescending(name => Of(graph, reads, [name]).Count).Chunk(size)];
    }

    /// <summary>Finds the values at which the part of a graph begins that inputs reach.</summary>
    /// <returns>The names of the values that the part reads and does not compute, but for inputs and for what depends on none of them.
    /// A value that is no tensor of numbers counts as part of it.</returns>
    internal static IReadOnlyList<string> Border(Graph graph, IEnumerable<string> inputs)
    {
        var reads = Reads(graph);
        var (reached, varying) = (Of(graph, reads, inputs), Of(graph, reads, graph.Inputs.Select(v => v.Name)));
        var (read, border) = (new HashSet<Value>(), new List<string>());
        foreach (var (node, from) in reads.AsEnumerable().Reverse())
        {
            var wanted = node.Outputs.OfType<Value>().Where(read.Contains).ToList();
            if (!reached.Contains(node) && wanted.TrueForAll(v => varying.Contains(node) && v.Type.Size() > 0))
                border.AddRange(wanted.Select(v => v.Name));
            else if (reached.Contains(node) || wanted.Count > 0)
                read.UnionWith(from);
        }

        return border;
    }

    private static HashSet<Node> Of(Graph graph, List<(Node Node, Value[] From)> reads, IEnumerable<string> inputs)
    {
        var (moving, reached) = (inputs.Select(graph.Find).OfType<Value>().ToHashSet(), new HashSet<Node>());
        foreach (var (node, from) in reads)
        {
            if (!Array.Exists(from, moving.Contains))
                continue;
            reached.Add(node);
            moving.UnionWith(node.Outputs.OfType<Value>());
        }

        return reached;
    }

    private static List<(Node Node, Value[] From)> Reads(Graph graph) =>
        graph.Nodes.ConvertAll(n => (n, n.Inputs.OfType<Value>().Concat(n.Captured).ToArray()));
}
