namespace Sema.Onnx.Graphs.Composition;

/// <summary>Proves that an output may be written over an input while the graph runs.</summary>
internal static class InPlace
{
    /// <summary>Checks one pair: every reader of the input must be the node that writes the output, or come before it on every order.</summary>
    /// <param name="input">A graph input or initializer.</param>
    /// <param name="output">A graph output, made by a node.</param>
    /// <exception cref="InvalidModelException">Some reader of the input may run after the output was written over it.</exception>
    internal static void Prove(Value input, Value output)
    {
        if (output.Producer is not { } writer)
            throw new InvalidModelException($"'{output.Name}' is not computed, so it cannot be written over '{input.Name}'.");
        var earlier = Ancestors(writer);
        var late = input.Graph.Nodes.Find(n => n != writer && n.Inputs.Contains(input) && !earlier.Contains(n));
        if (late is not null || input.Graph.Outputs.Contains(input))
        {
            throw new InvalidModelException(
                $"'{output.Name}' cannot be written over '{input.Name}': {(late is null ? "it is an output itself" : $"the node {late.Label} ({late.OpType}) reads it and may run later")}.");
        }
    }

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
