using static Sema.Onnx.Runtime.Kernels.KernelCase;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Cases of the activations' gradients: lengths around a vector's, and some that several threads share.</summary>
internal static class ActivationKernelCases
{
    internal static readonly Dictionary<string, KernelCase[]> Table = new()
    {
        ["ReluGrad"] = Pairs(),
        ["GeluGrad"] = Pairs(),
        ["GeluTanhGrad"] = Pairs(),
    };

    private static KernelCase[] Pairs() =>
        [.. new long[][] { [], [1], [15], [16], [33], [3, 5, 7], [40, 1001], [0, 3] }.Select(shape => new KernelCase([Normal(shape), Normal(shape)]))];
}
