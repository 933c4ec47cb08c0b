using Sema.Onnx.Graphs.Autodiff;
using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Graphs.Upgrade;

namespace Sema.Onnx.Graphs.Composition;

/// <summary>Finds what is trainable: float initializers that reach the loss through differentiable operators, and are weights.</summary>
internal static class TrainableWeights
{
    /// <summary>The least magnitude of an additive mask: what is added to logits to make them vanish.</summary>
    private const double MaskDepth = 1000;

    /// <summary>Judges every float initializer of a graph.</summary>
    /// <param name="loss">The loss, or any value that stands for it.</param>
    /// <param name="freeze">Name patterns (* and ?) of weights to keep as they are.</param>
    /// <param name="train">Name patterns of the only weights to train; empty for all. They overrule everything but reachability.</param>
    internal static IReadOnlyList<Judged> Judge(Value loss, IReadOnlyList<string> freeze, IReadOnlyList<string> train)
    {
        var graph = loss.Graph;
        var floats = graph.Initializers.Where(v => v.Type.IsFloat()).ToList();
        var reached = Reached(loss);
        var statistics = graph.AllNodes.Where(n => n.OpType == "BatchNormalization" && n.Domain.Length == 0)
            .SelectMany(n => new[] { n[3].Source().Initializer, n[4].Source().Initializer }).ToHashSet();
        var scales = graph.AllNodes.Where(n => n.OpType is "FakeQuantize" or "FakeFloor" or "FakeFloat8" or "ClipToGrid" or "QuantizeLinear" or "DequantizeLinear").Select(n => Scale(n[1])).ToHashSet();
        return [.. floats.Select(v =>
            statistics.Contains(v.Initializer) ? new Judged(v, Verdict.Statistic, "running statistic of a batch normalisation")
            : scales.Contains(v) ? new(v, Verdict.Constant, "quantisation scale")
            : !reached.Contains(v) ? new(v, Verdict.Unreached, "does not reach the loss through differentiable operators")
            : train.Count > 0 && Matches(v.Name, train) && !Matches(v.Name, freeze) ? new(v, Verdict.Trained, "named by --train")
            : IsConstant(v) is { } reason ? new(v, Verdict.Constant, reason)
            : train.Count > 0 ? new(v, Verdict.Frozen, "not named by --train")
            : Matches(v.Name, freeze) ? new(v, Verdict.Frozen, "named by --freeze")
            : new(v, Verdict.Trained, v.Storage is { } stored ? $"weight, stored as {stored.Type.Name()}" : "weight"))];
    }

    /// <summary>Gets whether a name fits one of the patterns.</summary>
    internal static bool Matches(string name, IReadOnlyList<string> patterns) =>
        patterns.Any(p => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(p, name, ignoreCase: false));

    /// <summary>Gets why an initializer is no weight, or <see langword="null"/> where it may be one.</summary>
    internal static string? IsConstant(Value v)
    {
        var tensor = v.Initializer!;
        if (tensor.Count == 0)
            return "empty";
        if (v.NoWeightBecause is { } reason)
            return reason;
        if (tensor.Count == 1 && (v.FromConstantNode || tensor.Dims.Count == 0))
            return "scalar constant";
        return tensor.Dims.Count >= 2 && IsMask(tensor) ? "mask: 0 and one other value" : null;
    }

    // Additive masks hold 0 and one large negative value; multiplicative ones 0 and 1. Weights hold neither.
    private static bool IsMask(Tensor tensor)
    {
        double? other = null;
        var zero = false;
        foreach (var x in tensor.EnumerateFloat64())
        {
            if (x == 0)
                zero = true;
            else if (other is null && (x is 1 || x <= -MaskDepth))
                other = x;
            else if (x != other)
                return false;
        }

        return zero && other is not null;
    }

    // The initializers from which a gradient could flow to the loss; operators without a rule let it pass, to be named later.
    private static HashSet<Value> Reached(Value loss)
    {
        var reached = new HashSet<Value> { loss };
        Walk(loss.Graph);
        return reached;

        // A body is entered with all that it gives; through its Identity nodes it leads to values of the graph around.
        void Walk(Graph graph)
        {
            foreach (var node in graph.Nodes.AsEnumerable().Reverse().Where(n => n.Outputs.Any(o => o is not null && reached.Contains(o))))
            {
                if (GradientRules.IsNotDifferentiable(node))
                    continue;
                var rule = GradientRules.Find(node);
                reached.UnionWith(node.Inputs.Where((x, i) => x is not null && x.Type.IsFloat() && (rule is null || rule.Reaches(i)))!);
                foreach (var body in node.Subgraphs())
                {
                    reached.UnionWith(body.Outputs.Where(GradientPath.Carries));
                    Walk(body);
                }
            }
        }
    }

    // The scales of a quantisation, before they were given a form that broadcasts.
    private static Value Scale(Value value) =>
        value.Producer is { OpType: "Cast" or "Expand" or "Identity" or "Reshape" or "Slice" or "Unsqueeze" } node ? Scale(node[0]) : value;
}
