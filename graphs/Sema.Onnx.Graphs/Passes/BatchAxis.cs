namespace Sema.Onnx.Graphs.Passes;

/// <summary>Lifts a batch size of 1 that an exporter baked into a model, so that it can be trained in batches.</summary>
/// <remarks>
/// The first axis of the inputs that vary with the samples becomes symbolic, and the constant shapes of Reshape nodes on the way keep their data's first axis. Whether
/// each sample's result stays what it was is for the caller to check by running both models.
/// </remarks>
internal static class BatchAxis
{
    internal const string Symbol = "batch";

    /// <summary>Gets the inputs of a model that seem to have a batch size of 1 baked in: none where another input leaves its batch open, as a
    /// first axis of 1 then is something else (the layers of a recurrent state, say).</summary>
    internal static IReadOnlyList<Value> Baked(IReadOnlyList<Value> inputs) =>
        inputs.Any(v => v.Shape is { Rank: > 0 } shape && !shape[0].IsKnown) ? [] : [.. inputs.Where(IsOne)];

    private static bool IsOne(Value value) => value.Shape is { Rank: > 0 } shape && shape[0].Size == 1;

    /// <summary>Runs the pass.</summary>
    /// <param name="graph">The graph; it is changed.</param>
    /// <param name="inputs">The inputs that shall take several samples; those with a first axis of 1 are lifted.</param>
    /// <returns>Whether a batch size was baked in and is lifted now.</returns>
    internal static bool Lift(Graph graph, IReadOnlyCollection<Value> inputs)
    {
        if (!inputs.Any(IsOne))
            return false;
        foreach (var value in inputs.Concat(graph.Outputs).Where(IsOne))
            value.Shape = new([new Dimension(-1, Symbol), .. value.Shape!.Skip(1)]);

        var batched = inputs.ToHashSet();
        var lifted = new Dictionary<Value, Value>();
        foreach (var node in graph.Nodes.Where(n => n.Inputs.Any(i => i is not null && batched.Contains(i))))
        {
            batched.UnionWith(node.Outputs.OfType<Value>());
            if (node.OpType == "Reshape" && batched.Contains(node[0]) && node[1].Initializer?.ToInt64() is [1, .. var rest])
                node.Inputs[1] = Lifted(node[1], rest);
        }

        return true;

        // One constant for one of the file: who shares it and who does not stays as it was.
        Value Lifted(Value sizes, long[] rest) => lifted.TryGetValue(sizes, out var known)
            ? known
            : lifted[sizes] = graph.AddInitializer(graph.UniqueName($"{sizes.Name}_{Symbol}"), Tensor.Vector([0, .. rest]));
    }
}
