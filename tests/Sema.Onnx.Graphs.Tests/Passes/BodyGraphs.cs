namespace Sema.Onnx.Graphs.Passes;

/// <summary>Small graphs with bodies, for the passes that go into them.</summary>
internal static class BodyGraphs
{
    internal static Tensor Two(float a, float b) => Tensor.Floats([2], [a, b]);

    /// <summary>An If, named after what it makes, whose branches are written on their own graphs.</summary>
    internal static Node If(Graph graph, string name, Value condition, Func<Graph, Value> then, Func<Graph, Value> otherwise)
    {
        var node = graph.AddNode("If", "", [condition], [Body("then_branch", graph, then), Body("else_branch", graph, otherwise)], 1);
        graph.Rename(node.Output.As(ElementType.Undefined), name);
        return node;
    }

    /// <summary>A Loop of one state, x = next(x).</summary>
    internal static Node Loop(Graph graph, Value trips, Value start, Func<Graph, Value, Value> next)
    {
        var body = new Graph("body", graph);
        body.AddInput("i", ElementType.Int64, Shape.Of());
        var condition = body.AddInput("go", ElementType.Bool, Shape.Of());
        var state = body.AddInput("state", ElementType.Undefined, null);
        body.Outputs.AddRange([body.Emit("Identity", [condition]), next(body, state)]);
        return graph.AddNode("Loop", "", [trips, null, start], [new("body", body)], 1);
    }

    internal static Graph Body(this Node node, string name) => node.Get<Graph>(name)!;

    private static Attribute Body(string name, Graph graph, Func<Graph, Value> result)
    {
        var body = new Graph(name, graph);
        body.Outputs.Add(result(body));
        return new(name, body);
    }
}
