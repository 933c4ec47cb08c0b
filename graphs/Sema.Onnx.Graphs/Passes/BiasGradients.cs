namespace Sema.Onnx.Graphs.Passes;

/// <summary>Takes the gradient of a bias, the sum of all rows, from the call that computes the weights' gradient of the same rows.</summary>
internal static class BiasGradients
{
    /// <summary>Runs the pass on a finished graph.</summary>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Graph graph)
    {
        var places = graph.Nodes.Index().ToDictionary(n => n.Item, n => n.Index);
        var calls = graph.Nodes.Where(n => n.Domain == Model.SemaDomain && n.OpType is "LinearWeightGrad" or "LinearWeightGradTurned")
            .GroupBy(n => Rows(n[0])).ToDictionary(g => g.Key, g => g.First());
        var changed = false;
        foreach (var sum in graph.Nodes.Where(n => n is { OpType: "ReduceSum", Domain.Length: 0 } && n.Int("keepdims", 1) == 0).ToList())
        {
            if (Rows(sum[0]) is not { Length: > 0 } rows || !calls.TryGetValue(rows, out var call) || !SumsRows(sum) || graph.Nodes.Exists(n => n.Inputs.Contains(sum.Output) && places[n] < places[call]))
                continue;
            graph.Nodes.Remove(sum);
            graph.TakePlace(sum.Output, call.Outputs[1]!);
            changed = true;
        }

        return changed;
    }

    // What a reshape made rows of, and how long they are: the same numbers in rows of another length have other sums.
    private static (Value Source, long Length) Rows(Value value) =>
        (value.Made("Reshape") is { } reshape ? reshape[0] : value, value.Shape is { Rank: > 0 } shape && shape[shape.Rank - 1] is { IsKnown: true } last ? last.Size : 0);

    private static bool SumsRows(Node sum) => sum[0].Shape is { Rank: > 1 } shape && sum.Optional(1)?.Initializer is { } axes
        && axes.ToInt64().Select(a => a < 0 ? a + shape.Rank : a).Order().SequenceEqual(Enumerable.Range(0, shape.Rank - 1).Select(a => (long)a));
}
