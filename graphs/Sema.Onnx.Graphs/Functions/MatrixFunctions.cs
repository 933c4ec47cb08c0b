using static Sema.Onnx.Graphs.Functions.FunctionBuilder;

namespace Sema.Onnx.Graphs.Functions;

/// <summary>The gradients of a linear layer's weights and bias, sums over all rows of its input X and of its output's gradient dY.</summary>
internal static class MatrixFunctions
{
    internal static readonly Function[] All =
    [
        // Y = X Wᵀ + b:  dW = dYᵀ X, db = Σ dY
        Define("LinearWeightGrad", ["dY", "X"], [], f => [f[0].Transpose(1, 0).MatMul(f[1]), f[0].Sum(f.Vector(0), keep: false)]),

        // Y = X W + b:  dW = Xᵀ dY, db = Σ dY
        Define("LinearWeightGradTurned", ["dY", "X"], [], f => [f[1].Transpose(1, 0).MatMul(f[0]), f[0].Sum(f.Vector(0), keep: false)]),
    ];
}
