using Sema.Onnx.Graphs.Functions;
using static Sema.Onnx.Graphs.Autodiff.GradientRule;

namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>Losses: of the standard, and functions of ours. Targets and the weights of classes are given, and get no gradient.</summary>
internal static class LossRules
{
#pragma warning disable format // a table: aligned columns
    internal static readonly Dictionary<string, GradientRule> Rules = new()
    {
        ["com.sema.CrossEntropy"] = Of([(y, dY) => y.Graph.Call("CrossEntropyGrad", [dY, y[0], y[1], y.Outputs[1]!],
            ("ignore_index", y.Int("ignore_index", -100)), ("label_smoothing", y.Float("label_smoothing", 0)))]),
        // y = −Σ w[t] x[t]                        ∂L/∂x: −w where the class is the target's
        ["NegativeLogLikelihoodLoss"] = Of([NegativeLogLikelihood]),
        // the same of x = log softmax(z), which is the second output
        ["SoftmaxCrossEntropyLoss"]   = Joint(SoftmaxCrossEntropy, differentiable: 1),
    };
#pragma warning restore format

    // x [N, C, ..], target [N, ..]; of the mean divided by the weights of all targets that count.
    private static Value NegativeLogLikelihood(Node y, Value dY)
    {
        var (graph, x, target) = (y.Graph, y[0], y[1].Cast(ElementType.Int64));
        var classes = graph.Emit("Range", [graph.Integer(0), x.DynamicShape().Gather(graph.Integer(1), 0), graph.Integer(1)]);
        var isHit = target.Unsqueeze(1).Equal(ByClass(classes));
        if (y.Has("ignore_index"))
            isHit = isHit.And(target.Equal(graph.Integer(y.Int("ignore_index", 0))).Not().Unsqueeze(1));
        var weights = (y.Optional(2) is { } given ? ByClass(given).Expand(x.DynamicShape()) : x.Like(1).Expand(x.DynamicShape())).Masked(isHit);
        var share = y.Get<string>("reduction") switch { "none" => dY.Unsqueeze(1), "sum" => dY, _ => dY / weights.SumAll() };
        return -(weights * share).Masked(isHit);

        Value ByClass(Value vector) => vector.Reshape([1, -1, .. Enumerable.Repeat(1L, x.Rank - 2)]);
    }

    private static IReadOnlyList<Value?> SoftmaxCrossEntropy(Node y, IReadOnlyList<Value?> dYs)
    {
        var log = y.NeedOutput(1, y[0].Type);
        Value?[] parts = [dYs[0] is { } dY ? NegativeLogLikelihood(y, dY) : null, dYs.ElementAtOrDefault(1)];
        return [y.Graph.Call("LogSoftmaxGrad", [y.Graph.Emit("Sum", parts.OfType<Value>()), log], ("axes", [1]))];
    }
}
