namespace Sema.Onnx.Graphs.Passes;

/// <summary>Writes out, one iteration after another, each Loop of a known length whose float states change their sizes: no stack holds these, and gradients need them.</summary>
internal static class UnrollLoops
{
    // A graph of so many nodes is still of a usual size.
    private const int MostNodes = 1 << 14;

    /// <summary>Runs the pass, on bodies too; the shapes must be known.</summary>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Graph graph)
    {
        var loops = graph.Nodes.FindAll(n => n is { OpType: "Loop", Domain.Length: 0 } && IsChanging(n) && Can(n));
        foreach (var loop in loops)
            graph.ReplaceNode(loop, () => Iterations(loop));
        return graph.Bodies.ToList().FindAll(Run).Count > 0 || loops.Count > 0;
    }

    /// <summary>Gets whether a loop can be written out: it does a known number of iterations, and they have not too many nodes.</summary>
    internal static bool Can(Node loop) => LoopForm.Count(loop) is > 0 and <= MostNodes and var count && count * loop.Get<Graph>("body")!.AllNodes.Count() <= MostNodes;

    /// <summary>Writes a loop's iterations, and gets what stands for its outputs.</summary>
    internal static List<Value> Iterations(Node loop)
    {
        var (graph, body) = (loop.Graph, loop.Get<Graph>("body")!);
        body.Parent = null;
        var count = LoopForm.Count(loop);
        var states = loop.Inputs.Skip(2).Select(s => s!).ToList();
        var rows = body.Outputs.Skip(1 + states.Count).Select(_ => new List<Value>()).ToList();
        for (var i = 0; i < count; i++)
        {
            var going = graph.AddInitializer(graph.UniqueName("going"), new(ElementType.Bool, [], new byte[] { 1 }));
            List<Value> formals = [graph.Integer(i), going, .. states];
            var results = body.CopyInto(graph, body.Inputs.Zip(formals).ToDictionary(f => f.First, f => f.Second), again: true).Skip(1).ToList();
            states = results[..states.Count];
            foreach (var (row, result) in rows.Zip(results.Skip(states.Count)))
                row.Add(result.Unsqueeze(0));
        }

        return [.. states.Select(s => s.Identity()), .. rows.Select(r => Operators.Concat(r, 0))];
    }

    private static bool IsChanging(Node loop) =>
        Enumerable.Range(0, loop.Inputs.Count - 2).Any(j => loop[2 + j].Type.IsFloat() && !LoopForm.IsSteady(loop, j));
}
