namespace Sema.Onnx.Graphs;

/// <summary>Copies graphs.</summary>
internal static class GraphCopy
{
    /// <summary>Copies what some values need: their nodes, initializers and inputs; the values become the copy's outputs.</summary>
    /// <param name="graph">The graph to copy from.</param>
    /// <param name="outputs">The values to keep, by name.</param>
    /// <param name="keepInputs">Whether inputs that nothing reads stay inputs.</param>
    internal static Graph Extract(this Graph graph, IEnumerable<string> outputs, bool keepInputs = true)
    {
        var wanted = outputs.Distinct().Select(name => graph.Find(name) ?? throw new InvalidModelException($"The graph has no value '{name}'.")).ToList();
        var needed = wanted.ToHashSet();
        var nodes = new HashSet<Node>();
        foreach (var node in graph.Nodes.AsEnumerable().Reverse().Where(n => n.Outputs.Any(o => o is not null && needed.Contains(o))))
        {
            nodes.Add(node);
            needed.UnionWith(Reads(node));
        }

        var copy = new Graph(graph.Name, graph.Parent);
        var map = new Dictionary<Value, Value>();
        Fill(graph, copy, map, nodes.Contains, v => needed.Contains(v) || (keepInputs && v.Initializer is null), name => name);
        copy.Outputs.AddRange(wanted.Select(v => map[v]));
        return copy;
    }

    /// <summary>Copies the nodes and constants of a body to the end of a graph, under names that are free there.</summary>
    /// <param name="body">The body.</param>
    /// <param name="graph">The graph, which may be another body.</param>
    /// <param name="map">What stands for the body's inputs; the copies of all its values are added.</param>
    /// <param name="again">Whether there are other copies, so that the nodes cannot have their names.</param>
    /// <returns>The copies of the body's outputs.</returns>
    internal static List<Value> CopyInto(this Graph body, Graph graph, Dictionary<Value, Value> map, bool again = false)
    {
        var before = graph.Nodes.Count;
        Fill(body, graph, map, _ => true, v => v.Initializer is not null, graph.UniqueName);
        if (again)
            graph.Nodes[before..].ForEach(n => n.Name = "");
        return body.Outputs.ConvertAll(o => map.GetValueOrDefault(o, o));
    }

    /// <summary>Removes the nodes whose results nothing reads.</summary>
    internal static void Prune(this Graph graph)
    {
        var needed = graph.Outputs.ToHashSet();
        foreach (var node in graph.Nodes.AsEnumerable().Reverse().ToList())
        {
            if (node.Outputs.Any(o => o is not null && needed.Contains(o)))
            {
                needed.UnionWith(Reads(node));
                continue;
            }

            graph.Nodes.Remove(node);
            foreach (var output in node.Outputs.OfType<Value>())
                graph.Remove(output);
        }
    }

    // Everything a node reads, through its subgraphs too.
    private static IEnumerable<Value> Reads(Node node) => node.Inputs.OfType<Value>()
        .Concat(node.Attributes.Select(a => a.Value).OfType<Graph>().SelectMany(g => g.Nodes.SelectMany(Reads).Concat(g.Outputs)));

    private static void Fill(Graph from, Graph to, Dictionary<Value, Value> map, Func<Node, bool> nodes, Func<Value, bool> values, Func<string, string> named)
    {
        foreach (var input in from.Inputs.Where(values))
            map[input] = Like(input, to.AddInput(named(input.Name), input.Type, input.Shape));
        foreach (var initializer in from.Initializers.Where(values))
            map[initializer] = Like(initializer, to.AddInitializer(named(initializer.Name), initializer.Initializer!));
        foreach (var node in from.Nodes.Where(nodes))
        {
            var inputs = node.Inputs.Select(i => i is null ? null : map.GetValueOrDefault(i, i)).ToList();
            var twin = to.AddNode(node.OpType, node.Domain, inputs, node.Attributes.Select(a => a.Value is Graph inner ? new(a.Name, Subgraph(inner, to, map, named)) : a), 0);
            twin.Name = node.Name;
            foreach (var output in node.Outputs)
                twin.Outputs.Add(output is null ? null : map[output] = Like(output, to.Add(named(output.Name), twin)));
        }
    }

    private static Graph Subgraph(Graph inner, Graph parent, Dictionary<Value, Value> map, Func<string, string> named)
    {
        var copy = new Graph(inner.Name, parent);
        Fill(inner, copy, map, _ => true, _ => true, named);
        copy.Outputs.AddRange(inner.Outputs.Select(o => map.GetValueOrDefault(o, o)));
        return copy;
    }

    private static Value Like(Value original, Value copy)
    {
        (copy.Type, copy.Shape, copy.FromConstantNode) = (original.Type, original.Shape, original.FromConstantNode);
        (copy.NoWeightBecause, copy.Storage) = (original.NoWeightBecause, original.Storage);
        return copy;
    }
}
