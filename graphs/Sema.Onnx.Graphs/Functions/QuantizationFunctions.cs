using static Sema.Onnx.Graphs.Functions.FunctionBuilder;

namespace Sema.Onnx.Graphs.Functions;

/// <summary>Quantisation as a function of floats.</summary>
internal static class QuantizationFunctions
{
    internal static readonly Function[] All =
    [
        // DequantizeLinear(QuantizeLinear(X)): Y = s·clip(round(X/s)), half to even, between the least and the largest integer, less the zero point.
        Define("FakeQuantize", ["X", "scale", "low", "high"], [], f => [(f[0] / f[1]).Round().Max(f[2]).Min(f[3]) * f[1]]),

        // The same of a bias that was rounded down.
        Define("FakeFloor", ["X", "scale", "low", "high"], [], f => [f[0].Graph.Emit("Floor", [f[0] / f[1]]).Max(f[2]).Min(f[3]) * f[1]]),

        // The same on the grid of an 8-bit float, the nearest number; beyond the largest that one, or, where it does not saturate, no number.
        Define("FakeFloat8", ["X", "scale", "low", "high"], ["to", "saturate"],
            f => [f[0].Graph.Emit("Cast", [f[0] / f[1]], ("to", IntOf("to")), ("saturate", IntOf("saturate"))).CastLike(f[0]) * f[1]]),

        // The same without the rounding, for checks: Y = clip(X), half a step beyond the last integers, where rounding begins to clip.
        Define("ClipToGrid", ["X", "scale", "low", "high"], [], f => [(f[0] / f[1]).Max(f[2] - 0.5).Min(f[3] + 0.5) * f[1]]),
    ];
}
