using Sema.Onnx.Graphs.Functions;
using static Sema.Onnx.Graphs.Autodiff.GradientRule;

namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>Pooling over windows and over whole planes.</summary>
internal static class Pooling
{
#pragma warning disable format // a table: aligned columns
    internal static readonly Dictionary<string, GradientRule> Rules = new()
    {
        // y = op(x)                  ∂L/∂x
        ["MaxPool"]           = Of([MaxPool]).When(y => y.Int("storage_order", 0) == 0),             // to the first of tied elements
        ["AveragePool"]       = Of([AveragePool]),
        ["GlobalAveragePool"] = Of([(y, dY) => (dY / Plane(y)).Expand(y[0].ShapeVector())]),
        ["GlobalMaxPool"]     = Of([GlobalMaxPool]),                                                   // shared by tied elements
        ["LpPool"]            = Of([LpPool]),                                                          // 0 where y = 0
        ["GlobalLpPool"]      = Of([GlobalLpPool]),                                                    // 0 where y = 0
    };
#pragma warning restore format

    private static long[] Spatial(Node y) => [.. Enumerable.Range(2, y[0].Rank - 2).Select(i => (long)i)];

    /// <summary>The number of elements of a plane.</summary>
    private static Value Plane(Node y) => y[0].Like(Window.Of(y).Input.Aggregate(1.0, (n, size) => n * size));

    private static Value MaxPool(Node y, Value dY) =>
        y.Graph.Call("MaxPoolGrad", [dY, y.NeedOutput(1, ElementType.Int64), y[0].ShapeVector()]);

    private static Value GlobalMaxPool(Node y, Value dY)
    {
        var chosen = y[0].Equal(y.Output).Cast(dY.Type);
        return chosen * (dY / chosen.Sum(Spatial(y), keep: true));
    }

    private static Value AveragePool(Node y, Value dY)
    {
        var window = Window.Of(y);
        var spatial = window.Kernel.Length;
        long[] hang = [.. new long[spatial], .. window.Excess];
        return y.Graph.Call("AveragePoolGrad", [dY, y[0].ShapeVector()],
        [
            ("strides", window.Strides), ("dilations", window.Dilations), ("output_padding", window.Unread),
            ("kernel", [1, 1, .. window.Kernel]), ("plane", [1, 1, .. window.Input]),
            ("pads", [.. window.Pads.Select((p, i) => p + hang[i])]), ("excess", hang),
            ("borders", [0, 0, .. window.Pads[..spatial], 0, 0, .. window.Pads[spatial..]]),
            ("count_include_pad", y.Int("count_include_pad", 0)),
        ]);
    }

    private static Value LpPool(Node y, Value dY)
    {
        var window = Window.Of(y);
        long[] hang = [.. new long[window.Kernel.Length], .. window.Excess];
        return y.Graph.Call("LpPoolGrad", [dY, y[0], y.Output],
        [
            ("p", y.Int("p", 2)), ("strides", window.Strides), ("dilations", window.Dilations), ("output_padding", window.Unread),
            ("kernel", [1, 1, .. window.Kernel]), ("pads", [.. window.Pads.Select((p, i) => p + hang[i])]),
        ]);
    }

    // y = (Σ |x|ᵖ)^(1/p):  dX = dY sign(x) (|x|/y)^(p − 1)
    private static Value GlobalLpPool(Node y, Value dY)
    {
        var (x, zero) = (y[0], y.Output.Equal(y.Output.Like(0)));
        var ratio = x.Abs() / zero.Where(y.Output.Like(1), y.Output);
        return dY * x.Sign() * ratio.Pow(x.Like(y.Int("p", 2) - 1));
    }
}
