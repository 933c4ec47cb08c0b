using Sema.Onnx.Graphs.Autodiff.Rules;
using Sema.Onnx.Graphs.Upgrade;

namespace Sema.Onnx.Graphs.Passes;

/// <summary>The running statistics of one batch normalisation in training mode.</summary>
/// <param name="Mean">The initializer of the running mean, float32 [C].</param>
/// <param name="Variance">The initializer of the running variance, float32 [C].</param>
/// <param name="BatchMean">The graph output with the batch's mean, float32 [C].</param>
/// <param name="BatchVariance">The graph output with the batch's biased variance, float32 [C].</param>
/// <param name="Momentum">The share that the running value keeps: running ← momentum·running + (1 − momentum)·batch.</param>
/// <param name="Count">How many elements of a channel a batch has: the unbiased variance is Count/(Count − 1) times the biased one.</param>
internal sealed record BatchStatistics(string Mean, string Variance, string BatchMean, string BatchVariance, float Momentum, long Count);

/// <summary>Puts batch normalisation into training mode: normalised by the batch's own statistics, which become outputs.</summary>
internal static class LiveBatchNormalization
{
    /// <summary>Runs the pass; the shapes must be known.</summary>
    /// <exception cref="InvalidModelException">Two nodes share their statistics, which would then have to differ, or one stands inside a body.</exception>
    internal static IReadOnlyList<BatchStatistics> Run(Graph graph)
    {
        if (graph.Nodes.Find(n => n.Subgraphs().Any(HoldsOne)) is { } outer)
            throw new InvalidModelException($"A batch normalisation stands inside a body of operator '{outer.OpType}', node {outer.Label}; such a model trains with --batch-norm frozen only.");
        var statistics = new List<BatchStatistics>();
        foreach (var node in graph.Nodes.Where(n => n.OpType == "BatchNormalization" && n.Domain.Length == 0).ToList())
        {
            var (mean, variance) = (Source(node[3]), Source(node[4]));
            if (statistics.Any(s => s.Mean == mean.Name || s.Variance == variance.Name))
                throw new InvalidModelException($"The statistics '{mean.Name}' serve two batch normalisations; such a model trains with --batch-norm frozen only.");
            graph.ReplaceNode(node, () =>
            {
                var live = graph.AddNode("BatchNormalizationTraining", Model.SemaDomain, [node[0], node[1], node[2]],
                    [("epsilon", node.Float("epsilon", 1e-5f)), ("axes", Convolutions.AllButChannels(node))], 3);
                var (batchMean, batchVariance) = (live.Outputs[1]!, live.Outputs[2]!);
                graph.Rename(batchMean, $"batch_mean/{mean.Name}");
                graph.Rename(batchVariance, $"batch_variance/{variance.Name}");
                (batchMean.Shape, batchVariance.Shape) = (node[3].Shape, node[4].Shape);
                statistics.Add(new(mean.Name, variance.Name, batchMean.Name, batchVariance.Name, node.Float("momentum", 0.9f),
                    node[0].KnownShape.Count / node[0].KnownShape[1].Size));
                return [live.Output];
            });
        }

        return statistics;
    }

    private static bool HoldsOne(Graph body) => body.AllNodes.Any(n => n is { OpType: "BatchNormalization", Domain.Length: 0 });

    private static Value Source(Value value) => value switch
    {
        { Initializer: not null } => value,
        { Producer: { OpType: "Identity" } identity } => Source(identity[0]),
        _ => throw new InvalidModelException($"The running statistics '{value.Name}' are computed, not stored; train with --batch-norm frozen."),
    };
}
