using static Sema.Onnx.Graphs.Autodiff.Operand;

namespace Sema.Onnx.Graphs.Autodiff;

/// <summary>Quantisation is a staircase: over whole steps its differences are those of a line, and beyond its ends nothing moves.</summary>
internal static class QuantizationCases
{
    internal static readonly Dictionary<string, GradientCase[]> Table = new()
    {
        ["com.sema.FakeQuantize"] =
        [
            new GradientCase(F(3, 4), Scalar(0.25), Scalar(-128), Scalar(127)).Stepping(0.25),
            new GradientCase(F(), Scalar(0.125), Scalar(-100), Scalar(155)).Stepping(0.125),
            new GradientCase(F(2, 3), Scale([1, 3], 0.25, 0.5, 0.125), Scalar(-100), Scalar(99)).Stepping(0.5),
            new GradientCase(F(2, 3).In(1.5, 2), Scalar(0.125), Scalar(-4), Scalar(3)).Stepping(0.25),
            new GradientCase(F(2, 3).In(-2, -1.5), Scalar(0.125), Scale([2, 1], -4, -3), Scalar(3)).Stepping(0.25),
        ],
        ["com.sema.FakeFloor"] =
        [
            new GradientCase(F(3, 4), Scalar(0.25), Scalar(-128), Scalar(127)).Stepping(0.25),
            new GradientCase(F(2, 3).In(1.5, 2), Scalar(0.125), Scalar(-4), Scalar(3)).Stepping(0.25),
        ],
        // From 1 to 2 the numbers are eighths.
        ["com.sema.FakeFloat8"] =
        [
            new GradientCase(F(3, 4).In(1.25, 1.5), Scalar(1), Scalar(-448), Scalar(448)).With(("to", (long)ElementType.Float8E4M3FN), ("saturate", 1L)).Stepping(0.125),
            new GradientCase(F(2, 3).In(1000, 1500), Scalar(2), Scalar(-240), Scalar(240)).With(("to", (long)ElementType.Float8E4M3FNUZ), ("saturate", 0L)).Stepping(1),
        ],
        ["com.sema.ClipToGrid"] =
        [
            new GradientCase(F(3, 4), Scalar(0.25), Scalar(-128), Scalar(127)),
            new GradientCase(F(2, 3), Scale([1, 3], 0.25, 0.5, 0.125), Scalar(-100), Scalar(99)),
            new GradientCase(F(2, 3).In(1.5, 2), Scalar(0.125), Scalar(-4), Scalar(3)),
        ],
    };

    private static Operand Scale(long[] dims, params double[] elements) =>
        new(dims) { Fixed = GradientCheck.TensorOf(ElementType.Float64, dims, elements), IsConstant = true };
}
