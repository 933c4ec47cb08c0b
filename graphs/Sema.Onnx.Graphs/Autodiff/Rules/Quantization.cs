using static Sema.Onnx.Graphs.Autodiff.GradientRule;

namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>Quantisation, straight-through.</summary>
internal static class Quantization
{
#pragma warning disable format // a table: aligned columns
    internal static readonly Dictionary<string, GradientRule> Rules = new()
    {
        // Y = s·clip(round(X/s)):  dX = dY, as if nothing were rounded; 0 where round(X/s) is outside and was clipped. Scales are not trained.
        ["com.sema.FakeQuantize"] = Of([(y, dY) => dY.Masked(IsInside(y, (y[0] / y[1]).Round()))]),
        ["com.sema.FakeFloor"]    = Of([(y, dY) => dY.Masked(IsInside(y, y[0] / y[1]))]),
        ["com.sema.FakeFloat8"]   = Of([(y, dY) => dY.Masked(IsInside(y, y[0] / y[1]))]),
        ["com.sema.ClipToGrid"]   = Of([(y, dY) => dY.Masked(IsInside(y, (y[0] / y[1]).Round()))]),
    };
#pragma warning restore format

    private static Value IsInside(Node y, Value steps) => steps.GreaterOrEqual(y[2]).And(y[3].GreaterOrEqual(steps));
}
