using static Sema.Onnx.Graphs.Functions.FunctionBuilder;

namespace Sema.Onnx.Graphs.Functions;

/// <summary>Softmax cross-entropy against class indices, and its gradient.</summary>
internal static class LossFunctions
{
    internal static readonly Function[] All =
    [
        // logits [M, C], target int64 [M] → loss: the mean over the counted rows of −Σ q log softmax(logits), in nats, with
        // q = (1 − ε) one-hot(target) + ε/C; weight: how many rows counted, those whose target is not ignore_index.
        // A term whose factor is 0 is left out rather than multiplied: logits of −∞ (masked classes) stay harmless.
        Define("CrossEntropy", ["logits", "target"], ["ignore_index", "label_smoothing"], f =>
        {
            var (logits, counted, smoothing) = (f[0], Counted(f, f[1]), f.Float("label_smoothing").CastLike(f[0]));
            var log = logits.Graph.Emit("LogSoftmax", [logits], ("axis", -1));
            var hit = log.Masked(Hits(f, logits, f[1])).Sum(f.Vector(1), keep: false);
            var even = log.Mean([1], keep: false).Masked(smoothing.Greater(smoothing.Like(0)));
            var rows = -((1 - smoothing) * hit + smoothing * even);
            var weight = counted.CastLike(logits).SumAll();
            return [rows.Masked(counted).SumAll() / AtLeastOne(weight), weight];
        }),

        // dlogits = dloss (softmax(logits) − q) / weight on counted rows
        Define("CrossEntropyGrad", ["dloss", "logits", "target", "weight"], ["ignore_index", "label_smoothing"], f =>
        {
            var (logits, counted, smoothing) = (f[1], Counted(f, f[2]), f.Float("label_smoothing").CastLike(f[1]));
            var even = smoothing / logits.DynamicShape().Slice(0, 1, 2).CastLike(logits);
            var q = Hits(f, logits, f[2]).CastLike(logits) * (1 - smoothing) + even;
            var softmax = logits.Graph.Emit("Softmax", [logits], ("axis", -1));
            return [(softmax - q) * (f[0] / AtLeastOne(f[3])).Masked(counted).Unsqueeze(1)];
        }),
    ];

    private static Value Counted(FunctionBuilder f, Value target) => target.Equal(f.Int("ignore_index")).Not();

    // [M, C]: whether the column is the row's class.
    private static Value Hits(FunctionBuilder f, Value logits, Value target) =>
        target.Unsqueeze(1).Equal(f.Count(logits.DynamicShape().Slice(0, 1, 2)));

    private static Value AtLeastOne(Value weight) => weight.Max(weight.Like(1));
}
