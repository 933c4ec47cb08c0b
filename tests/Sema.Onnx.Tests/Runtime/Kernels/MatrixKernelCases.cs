using static Sema.Onnx.Runtime.Kernels.KernelCase;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Cases of weight gradients: one number, sides around a tile's, more rows than are copied at a time, more sums than a block has.</summary>
internal static class MatrixKernelCases
{
    private static readonly (long Rows, long Outputs, long Inputs)[] Sizes =
        [(1, 1, 1), (5, 3, 2), (160, 8, 48), (161, 9, 49), (400, 100, 7), (37, 47, 200), (70, 400, 450), (3, 700, 3), (3, 2, 700), (330, 192, 192)];

    internal static readonly Dictionary<string, KernelCase[]> Table = new()
    {
        ["LinearWeightGrad"] = [.. Sizes.Select(s => new KernelCase([Normal(s.Rows, s.Outputs), Normal(s.Rows, s.Inputs)]))],
        ["LinearWeightGradTurned"] = [.. Sizes.Select(s => new KernelCase([Normal(s.Rows, s.Outputs), Normal(s.Rows, s.Inputs)]))],
    };
}
