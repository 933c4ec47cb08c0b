namespace Sema.Onnx.Graphs.Functions;

/// <summary>Puts a function's body in the place of a node that calls it.</summary>
internal static class InlineFunctions
{
    /// <summary>Replaces a call; what the body takes from the function's attributes becomes the call's own values.</summary>
    /// <param name="call">The node.</param>
    /// <param name="function">The function that it calls; its body holds no inner graphs.</param>
    internal static void Inline(this Node call, Function function) => call.Graph.ReplaceNode(call, () =>
    {
        var (graph, body) = (call.Graph, function.Body);
        var map = new Dictionary<Value, Value?>();
        for (var i = 0; i < body.Inputs.Count; i++)
            map[body.Inputs[i]] = call.Optional(i);
        foreach (var constant in body.Initializers)
            map[constant] = graph.AddInitializer(graph.UniqueName(constant.Name), constant.Initializer!);
        foreach (var node in body.Nodes)
        {
            var twin = graph.AddNode(node.OpType, node.Domain, node.Inputs.Select(x => x is null ? null : map[x]), Given(node, call), 0);
            foreach (var output in node.Outputs)
                twin.Outputs.Add(output is null ? null : map[output] = Like(output, graph.NewValue(output.Name, twin)));
        }

        return [.. body.Outputs.Select(o => map[o]!)];
    });

    // An attribute that the call leaves out is absent in the body too.
    private static IEnumerable<Attribute> Given(Node node, Node call) => node.Attributes
        .Select(a => a.Value is not AttributeReference reference ? a
            : call.Attributes.FirstOrDefault(given => given.Name == reference.Name) is { } given ? new(a.Name, given.Value)
            : null)
        .OfType<Attribute>();

    // What the body knows is a type of its own, an integer or a condition; the others follow from what it is called with.
    private static Value Like(Value original, Value copy)
    {
        if (!original.Type.IsFloat() && original.Type != ElementType.Undefined)
            copy.Type = original.Type;
        return copy;
    }
}
