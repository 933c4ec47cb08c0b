namespace Sema.Onnx.Graphs.Passes;

/// <summary>Joins the batch normalisations in training mode with the Relu or the Clip that alone reads them: two passes over memory less.</summary>
internal static class FusedActivation
{
    /// <summary>Runs the pass, on what <see cref="LiveBatchNormalization"/> made.</summary>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Graph graph)
    {
        var readers = graph.AllNodes.SelectMany(n => n.Inputs.OfType<Value>()).Concat(graph.Outputs).CountBy(v => v).ToDictionary();
        var changed = false;
        foreach (var activation in graph.Nodes.Where(n => n.Domain.Length == 0 && n.OpType is "Relu" or "Clip").ToList())
        {
            if (activation[0].Producer is not { QualifiedType: "com.sema.BatchNormalizationTraining" } normal || normal.Output != activation[0]
                || readers[normal.Output] > 1 || Bounds(activation) is not var (low, high))
            {
                continue;
            }

            graph.ReplaceNode(activation, () =>
            {
                var fused = graph.AddNode("BatchNormalizationClipTraining", Model.SemaDomain, normal.Inputs, [.. normal.Attributes, ("low", low), ("high", high)], 1);
                foreach (var statistic in normal.Outputs.Skip(1))
                {
                    statistic!.Producer = fused;
                    fused.Outputs.Add(statistic);
                }

                return [fused.Output];
            });
            graph.Nodes.Remove(normal);
            graph.Remove(normal.Output);
            changed = true;
        }

        return changed;
    }

    // The least and the largest value that pass, where they are constants.
    private static (float Low, float High)? Bounds(Node activation)
    {
        if (activation.OpType == "Relu")
            return (0, float.PositiveInfinity);
        return Bound(activation.Optional(1), float.NegativeInfinity) is { } low && Bound(activation.Optional(2), float.PositiveInfinity) is { } high ? (low, high) : null;
    }

    private static float? Bound(Value? value, float otherwise) => value switch
    {
        null => otherwise,
        { Initializer: { Count: 1 } constant } => (float)constant.ToFloat64()[0],
        _ => null,
    };
}
