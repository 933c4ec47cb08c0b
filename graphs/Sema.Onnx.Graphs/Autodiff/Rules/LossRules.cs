using Sema.Onnx.Graphs.Functions;
using static Sema.Onnx.Graphs.Autodiff.GradientRule;

namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>Losses that are functions of ours.</summary>
internal static class LossRules
{
    internal static readonly Dictionary<string, GradientRule> Rules = new()
    {
        ["com.sema.CrossEntropy"] = Of([(y, dY) => y.Graph.Call("CrossEntropyGrad", [dY, y[0], y[1], y.Outputs[1]!],
            ("ignore_index", y.Int("ignore_index", -100)), ("label_smoothing", y.Float("label_smoothing", 0)))]),
    };
}
