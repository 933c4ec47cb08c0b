namespace Sema.Onnx.Graphs.Upgrade;

/// <summary>Batch and group normalisation.</summary>
internal static class NormalizationAdapters
{
    /// <summary>BatchNormalization 6 says whether it trains; 7 does where it has more outputs than the first.</summary>
    internal static Node TrainingByOutputs(Node node)
    {
        if (node.Int("is_test", 0) != 0)
            node.WithOutputs(1);
        // Until 6 statistics could only be of the channels, spatial or not: the same at inference.
        if (!Trains(node) && node[1].Shape is { Rank: 1 })
            node.Remove("spatial");
        return node.Without("is_test");
    }

    /// <summary>BatchNormalization 7 could have statistics for each element (spatial = 0), of x's shape without the batch.</summary>
    internal static Node? OverChannelsOnly(Node node)
    {
        if (node.Int("spatial", 1) != 0)
            return node.Without("spatial");
        if (Trains(node))
        {
            throw new InvalidModelException(
                $"Operator 'BatchNormalization', node {node.Label}, trains statistics for each element (spatial = 0), which opset 9 gave up. "
                + "Export the model again for inference.");
        }

        var (x, scale, bias, mean, variance) = (node[0], node[1], node[2], node[3], node[4]);
        return node.ReplacedBy((scale * (x - mean) / (variance + node.Float("epsilon", 1e-5f)).Sqrt()) + bias);
    }

    /// <summary>BatchNormalization 9 trains where it has more outputs than the first; 14 says so, and has no saved statistics.</summary>
    internal static Node TrainingAsAttribute(Node node)
    {
        if (!Trains(node))
            return node.WithOutputs(1);
        node.NeedOutput(1, node[3].Type);
        node.NeedOutput(2, node[4].Type);
        return node.With(("training_mode", 1)).WithOutputs(3);
    }

    /// <summary>MeanVarianceNormalization was an experiment before 9, of channels apart or together, which ONNX Runtime still runs.</summary>
    internal static Node? OverChannels(Node node)
    {
        if (node.Int("normalize_variance", 1) == 0)
            return node.ReplacedBy(node[0] - node[0].Mean(Axes(node), keep: true));
        node.Set(("axes", Axes(node)));
        return node.Without("across_channels").Without("normalize_variance");

        static long[] Axes(Node node) => node.Int("across_channels", 0) != 0 ? [0, 1, 2, 3] : [0, 2, 3];
    }

    /// <summary>GroupNormalization 18 has a scale and a bias for each group; 21 for each channel.</summary>
    internal static Node PerChannel(Node node)
    {
        var graph = node.Graph;
        var groups = node.Int("num_groups", 0);
        if (groups <= 0)
            throw new InvalidModelException($"Operator 'GroupNormalization', node {node.Label}: num_groups is {groups}; at least 1 is needed.");
        var channels = graph.Emit("Shape", [node[0]], ("start", 1), ("end", 2)).As(ElementType.Int64);
        var repeats = Operators.Concat([graph.Vector(1), channels / graph.Vector(groups)], 0);
        // 21 computes in float32 unless told otherwise, 18 in the type of x.
        if (node[0].Type == ElementType.Float64)
            node.Set(("stash_type", (long)ElementType.Float64));
        return node.WithInput(1, Repeated(node[1])).WithInput(2, Repeated(node[2]));

        // [G] -> [G, 1] -> [G, C / G] -> [C]
        Value Repeated(Value perGroup) => perGroup.Unsqueeze(1).Expand(repeats).Reshape(-1);
    }

    private static bool Trains(Node node) => node.Outputs.Skip(1).Any(o => o is not null);
}
