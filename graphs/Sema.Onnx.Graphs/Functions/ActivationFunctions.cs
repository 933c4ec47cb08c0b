using static Sema.Onnx.Graphs.Functions.FunctionBuilder;

namespace Sema.Onnx.Graphs.Functions;

/// <summary>The gradients of activations that take several passes over memory in standard operators, and one in a kernel.</summary>
internal static class ActivationFunctions
{
    internal static readonly Function[] All =
    [
        // dX = dY where Y > 0, else 0; 0 at X = 0
        Define("ReluGrad", ["dY", "Y"], [], f => [f[0].Masked(f[1].Greater(f[1].Like(0)))]),

        // Y = X Φ(X):  dX = dY (Φ(X) + X φ(X))
        Define("GeluGrad", ["dY", "X"], [], f => [f[0] * GeluSlope(f[1])]),

        // Y = X/2 (1 + tanh u), u = √(2/π)(X + 0.044715 X³)
        Define("GeluTanhGrad", ["dY", "X"], [], f => [f[0] * GeluTanhSlope(f[1])]),
    ];

    private static Value GeluSlope(Value x) =>
        (x.Graph.Emit("Erf", [x * 0.7071067811865476]) + 1) * 0.5 + x * (x.Square() * -0.5).Exp() * 0.3989422804014327;

    private static Value GeluTanhSlope(Value x)
    {
        var tanh = (x * 0.7978845608028654 * (x.Square() * 0.044715 + 1)).Tanh();
        return (tanh + 1) * 0.5 + x * 0.5 * (1 - tanh.Square()) * (x.Square() * (3 * 0.044715) + 1) * 0.7978845608028654;
    }
}
