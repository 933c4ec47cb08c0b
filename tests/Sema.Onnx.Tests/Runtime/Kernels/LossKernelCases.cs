using static Sema.Onnx.Runtime.Kernels.KernelCase;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Cases of cross-entropy: classes around a vector's length, ignored rows, classes that there are not, smoothed labels.</summary>
internal static class LossKernelCases
{
    private static readonly (int Rows, int Classes, int Bound, int Ignored, float Smoothing)[] Sizes =
        [(1, 1, 1, -100, 0), (7, 10, 10, -100, 0), (5, 16, 16, 3, 0.1f), (33, 100, 100, 0, 0), (300, 65, 70, 2, 0.25f), (4, 3, 1, 0, 0.1f)];

    internal static readonly Dictionary<string, KernelCase[]> Table = new()
    {
        ["CrossEntropy"] = [.. Sizes.Select(s => new KernelCase(
            [Normal(s.Rows, s.Classes), Integers(s.Bound, s.Rows)], ("ignore_index", (long)s.Ignored), ("label_smoothing", s.Smoothing)))],
        ["CrossEntropyGrad"] = [.. Sizes.Select(s => new KernelCase(
            [Normal(), Normal(s.Rows, s.Classes), Integers(s.Bound, s.Rows), Positive()], ("ignore_index", (long)s.Ignored), ("label_smoothing", s.Smoothing)))],
    };
}
