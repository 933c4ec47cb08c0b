using Sema.Onnx.Graphs.Functions;
using static Sema.Onnx.Graphs.Autodiff.GradientRule;

namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>Convolutions with explicit padding (<see cref="Passes.ExplicitPadding"/>); their gradients are functions of ours.</summary>
internal static class Convolutions
{
#pragma warning disable format // a table: aligned columns
    internal static readonly Dictionary<string, GradientRule> Rules = new()
    {
        // Y = X ∗ W + b:  dX = dY ∗ᵀ W,  dW = Σₙ Xₙ ∗ dYₙ,  db = Σ over all axes but the channels
        ["Conv"] = Of([InputGrad, WeightGrad, (y, dY) => dY.Sum(AllButChannels(y), keep: false)]),
    };
#pragma warning restore format

    internal static long[] AllButChannels(Node y) => [0, .. Enumerable.Range(2, y[0].Rank - 2).Select(i => (long)i)];

    private static Value InputGrad(Node y, Value dY) => y.Graph.Call("ConvInputGrad", [dY, y[1]],
        [.. Window.Of(y).Attributes, ("group", y.Int("group", 1)), ("output_padding", Window.Of(y).Unread)]);

    private static Value WeightGrad(Node y, Value dY)
    {
        var window = Window.Of(y);
        var name = window.Kernel.Length == 2 ? "ConvWeightGrad" : $"ConvWeightGrad{window.Kernel.Length}D";
        return y.Graph.Call(name, [y[0], dY], [.. window.Attributes, ("group", y.Int("group", 1))]);
    }
}
