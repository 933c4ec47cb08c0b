using static Sema.Onnx.Graphs.Functions.FunctionBuilder;

namespace Sema.Onnx.Graphs.Functions;

/// <summary>The gradients of activations that take several passes over memory in standard operators, and one in a kernel.</summary>
internal static class ActivationFunctions
{
    internal static readonly Function[] All =
    [
        // dX = dY where Y > 0, else 0; 0 at X = 0
        Define("ReluGrad", ["dY", "Y"], [], f => [f[0].Masked(f[1].Greater(f[1].Like(0)))]),
    ];
}
