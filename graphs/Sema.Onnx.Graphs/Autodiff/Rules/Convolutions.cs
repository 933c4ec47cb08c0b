using Sema.Onnx.Graphs.Functions;
using static Sema.Onnx.Graphs.Autodiff.GradientRule;

namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>Convolutions with explicit padding (<see cref="Passes.ExplicitPadding"/>); their gradients are functions of ours.</summary>
internal static class Convolutions
{
    // Below, the runtime's convolution to so few channels is slower than its transposed one.
    private const int FewChannels = 16;

#pragma warning disable format // a table: aligned columns
    internal static readonly Dictionary<string, GradientRule> Rules = new()
    {
        // Y = X ∗ W + b:  dX = dY ∗ᵀ W,  dW = Σₙ Xₙ ∗ dYₙ,  db = Σ over all axes but the channels
        ["Conv"] = Of([InputGrad, (y, dY) => WeightGrad(y, y[0], dY), (y, dY) => dY.Sum(AllButChannels(y), keep: false)]),
        // Y = X ∗ᵀ W + b: the same with X and dY exchanged
        ["ConvTranspose"] = Of([TransposeInputGrad, (y, dY) => WeightGrad(y, dY, y[0]), (y, dY) => dY.Sum(AllButChannels(y), keep: false)]),
        // Y[p] = Σ X[k, q] over the windows q that read p at k:  dX[k, q] = dY[p]
        ["Col2Im"] = Of([ImageToColumns]).When(y => y[1].Initializer is not null && y[2].Initializer is not null),
    };
#pragma warning restore format

    internal static long[] AllButChannels(Node y) => [0, .. Enumerable.Range(2, y[0].Rank - 2).Select(i => (long)i)];

    private static Value InputGrad(Node y, Value dY)
    {
        var (window, group) = (Window.Of(y), y.Int("group", 1));
        return window.Turned is { } pads && y[0].KnownShape[1].Size >= FewChannels
            ? y.Graph.Call("ConvInputGradUnit", [dY, y[1]],
                ("kernel_shape", window.Kernel), ("pads", pads), ("dilations", window.Dilations), ("group", group))
            : y.Graph.Call("ConvInputGrad", [dY, y[1]], [.. window.Attributes, ("group", group), ("output_padding", window.Unread)]);
    }

    // dX = dY ∗ W
    private static Value TransposeInputGrad(Node y, Value dY) =>
        y.Graph.Emit("Conv", [dY, y[1]], [.. Window.Of(y).Attributes, ("group", y.Int("group", 1))]);

    private static Value ImageToColumns(Node y, Value dY)
    {
        var (graph, form) = (y.Graph, ColumnForm.Of(y));
        return graph.Emit("Pad", [dY, graph.Vector(form.Borders)]).Reshape(0, 0, -1).Gather(form.Places(graph), 2).Reshape(y[0].ShapeVector());
    }

    private static Value WeightGrad(Node y, Value x, Value dY)
    {
        var window = Window.Of(y);
        var name = window.Kernel.Length == 2 ? "ConvWeightGrad" : $"ConvWeightGrad{window.Kernel.Length}D";
        return y.Graph.Call(name, [x, dY], [.. window.Attributes, ("group", y.Int("group", 1))]);
    }
}
