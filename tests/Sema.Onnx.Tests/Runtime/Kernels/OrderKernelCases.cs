using static Sema.Onnx.Runtime.Kernels.KernelCase;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Cases of what only says when: any shapes, empty ones too.</summary>
internal static class OrderKernelCases
{
    internal static readonly Dictionary<string, KernelCase[]> Table = new()
    {
        ["After"] =
        [
            new([Normal(), Normal()]), new([Normal(3, 5), Normal(7)]), new([Normal(2, 1, 4), Normal(2, 3)]), new([Normal(0, 3), Normal(5)]), new([Normal(3), Normal(0, 2)]),
        ],
    };
}
