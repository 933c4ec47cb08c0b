namespace Sema.Onnx.Graphs.Composition;

/// <summary>Proves that an output may be written over an input while the graph runs.</summary>
internal static class InPlace
{
    // A runtime may let the output of these stand in the input's own memory.
    private static readonly HashSet<string> Views =
        ["Cast", "Dropout", "Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"];

    // These read an element only to write the same one.
    private static readonly HashSet<string> Elementwise =
        ["Abs", "Add", "Div", "Max", "Min", "Mul", "Neg", "Reciprocal", "Sqrt", "Sub", "Sum", "Where"];

    /// <summary>Checks one pair: every reader of the input, or of a view of it, must be the node that writes the output, and work
    /// element by element, or come before it on every order.</summary>
    /// <param name="input">A graph input or initializer.</param>
    /// <param name="output">A graph output, made by a node.</param>
    /// <exception cref="InvalidModelException">Some reader of the input may run after the output was written over it.</exception>
    internal static void Prove(Value input, Value output)
    {
        if (output.Producer is not { } writer)
            throw new InvalidModelException($"'{output.Name}' is not computed, so it cannot be written over '{input.Name}'.");
        var (earlier, memory) = (Ancestors(writer), new HashSet<Value> { input });
        foreach (var node in input.Graph.Nodes.Where(n => Reads(n, memory)))
        {
            if (node == writer && !Elementwise.Contains(node.OpType))
                throw Refused($"the node {node.Label} ({node.OpType}) that writes it may still read the input");
            if (node != writer && !earlier.Contains(node))
                throw Refused($"the node {node.Label} ({node.OpType}) reads it and may run later");
            if (node != writer && Views.Contains(node.OpType))
                memory.UnionWith(node.Outputs.OfType<Value>());
        }

        if (input.Graph.Outputs.Find(memory.Contains) is { } exposed)
            throw Refused(exposed == input ? "it is an output itself" : $"the output '{exposed.Name}' may be a view of it");

        InvalidModelException Refused(string reason) => new($"'{output.Name}' cannot be written over '{input.Name}': {reason}.");
    }

    private static bool Reads(Node node, HashSet<Value> memory) => node.Inputs.Any(i => i is not null && memory.Contains(i))
        || node.Attributes.Select(a => a.Value).OfType<Graph>().Any(inner => inner.Nodes.Exists(n => Reads(n, memory)) || inner.Outputs.Exists(memory.Contains));

    private static HashSet<Node> Ancestors(Node node)
    {
        var ancestors = new HashSet<Node>();
        var waiting = new Stack<Node>([node]);
        while (waiting.TryPop(out var next))
        {
            foreach (var maker in next.Inputs.Select(i => i?.Producer).OfType<Node>().Where(ancestors.Add))
                waiting.Push(maker);
        }

        return ancestors;
    }
}
