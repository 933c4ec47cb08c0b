namespace Sema.Onnx.Graphs.Passes;

/// <summary>Moves the float constants of bodies (the branches of If, the bodies of Loop and Scan) to the outer graph, where weights are judged and trained.</summary>
/// <remarks>
/// Run it on the graph as it was read. A constant keeps its name where no other tensor of the file has it; otherwise it is named by the way
/// to it (<c>y.then_branch/w</c>: the node that makes y, its attribute, the tensor), by which <see cref="Patching.ModelPatcher"/> finds it too.
/// </remarks>
internal static class HoistConstants
{
    /// <summary>Runs the pass.</summary>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Graph graph)
    {
        var inner = Inner(graph, "").ToList();
        var named = inner.Select(i => i.Value).Concat(graph.Initializers).CountBy(v => v.Name).ToDictionary();
        var hoisted = inner.Where(i => i.Value.Type.IsFloat() && !i.Value.Graph.Inputs.Contains(i.Value)).ToList();
        foreach (var (way, value) in hoisted)
        {
            var body = value.Graph;
            body.Remove(value);
            var constant = graph.AddInitializer(named[value.Name] == 1 ? value.Name : way, value.Initializer!);
            constant.FromConstantNode = value.FromConstantNode;
            body.Replace(value, constant);
        }

        return hoisted.Count > 0;
    }

    private static IEnumerable<(string Way, Value Value)> Inner(Graph graph, string way) =>
        from node in graph.Nodes
        from attribute in node.Attributes
        where attribute.Value is Graph
        let body = (Graph)attribute.Value
        let inside = $"{way}{node.Outputs.OfType<Value>().FirstOrDefault()?.Name}.{attribute.Name}/"
        from found in body.Initializers.Select(v => ($"{inside}{v.Name}", v)).Concat(Inner(body, inside))
        select found;
}
