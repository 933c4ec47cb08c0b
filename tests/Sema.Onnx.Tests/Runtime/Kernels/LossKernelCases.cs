using static Sema.Onnx.Runtime.Kernels.KernelCase;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Cases of cross-entropy: classes around a vector's length, ignored rows, classes that there are not, smoothed labels.</summary>
internal static class LossKernelCases
{
    private static readonly (int Rows, int Classes, int Bound, int Ignored, float Smoothing)[] Sizes =
        [(1, 1, 1, -100, 0), (7, 10, 10, -100, 0), (5, 16, 16, 3, 0.1f), (33, 100, 100, 0, 0), (300, 65, 70, 2, 0.25f), (4, 3, 1, 0, 0.1f)];

    internal static readonly Dictionary<string, KernelCase[]> Table = new()
    {
        ["CrossEntropy"] = [.. Sizes.Select(s => Forward(s.Rows, s.Classes, s.Bound, s.Ignored, s.Smoothing))],
        ["CrossEntropyGrad"] = [.. Sizes.Select(s => Gradient(s.Rows, s.Classes, s.Bound, s.Ignored, s.Smoothing))],
    };

    internal static KernelCase Forward(int rows, int classes, int bound, int ignored, float smoothing) =>
        new([Normal(rows, classes), Integers(bound, rows)], ("ignore_index", (long)ignored), ("label_smoothing", smoothing));

    internal static KernelCase Gradient(int rows, int classes, int bound, int ignored, float smoothing) =>
        new([Normal(), Normal(rows, classes), Integers(bound, rows), Positive()], ("ignore_index", (long)ignored), ("label_smoothing", smoothing));
}
