using Sema.Onnx.Graphs.Functions;
using static Sema.Onnx.Graphs.Autodiff.GradientRule;

namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>Matrix products. Rank-1 operands are gone by then (<see cref="Passes.CanonicalMatMul"/>).</summary>
internal static class Matrices
{
#pragma warning disable format // a table: aligned columns
    internal static readonly Dictionary<string, GradientRule> Rules = new()
    {
        // Y = A B:  dA = dY Bᵀ,  dB = Aᵀ dY
        ["MatMul"] = Of([(y, dY) => dY.MatMul(y[1].T),  MatMulB], coreAxes: 2),
        // dW = dYᵀ X, or Xᵀ dY, with the gradient G: of dY and of X
        ["com.sema.LinearWeightGrad"] = Joint((y, g) => [y[1].MatMul(g[0]!.Transpose(1, 0)), y[0].MatMul(g[0]!)], outputs: 1),
        ["com.sema.LinearWeightGradTurned"] = Joint((y, g) => [y[1].MatMul(g[0]!), y[0].MatMul(g[0]!.Transpose(1, 0))], outputs: 1),
        // Y = A⁻¹:  dA = −Yᵀ dY Yᵀ
        ["com.microsoft.Inverse"] = Of([(y, dY) => -y.Output.T.MatMul(dY).MatMul(y.Output.T)]),
        // Y = einsum(A, B, …):  dA = einsum(dY, B, …), the letters of A and Y exchanged
        ["Einsum"] = Joint(Einsum).When(y => Einsums.Of(y) is not null),
        // y = det A:  dA = dy cof A
        ["Det"]    = Of([(y, dY) => dY.Unsqueeze(-1, -2) * Cofactors(y[0])]).When(y => y[0].Shape is { Rank: > 1 } shape && shape[shape.Rank - 1].IsKnown),
        // Y = α op(A) op(B) + β C:  dC = β dY, summed like a broadcast sum
        ["Gemm"]   = Of([GemmA, GemmB, (y, dY) => y.Float("beta", 1) is var beta && beta == 1 ? dY : dY * beta], coreAxes: 0),
    };
#pragma warning restore format

    // dB = Aᵀ dY. B = Wᵀ:  dB = (dYᵀ A)ᵀ, which the transposition's own rule puts back to dW = dYᵀ A.
    private static Value MatMulB(Node y, Value dY)
    {
        var rank = Math.Max(y[0].Rank, y[1].Rank);
        var turned = !IsTransposed(y[1]);
        return rank == 2 ? turned ? LinearWeightGrad(y, dY, turned) : LinearWeightGrad(y, dY, turned).T
            : turned ? y[0].T.MatMul(dY) : dY.Transpose(rank).MatMul(y[0]).Transpose(rank);
    }

    private static Value LinearWeightGrad(Node y, Value dY, bool turned)
    {
        var dW = y.Graph.CallAll(turned ? "LinearWeightGradTurned" : "LinearWeightGrad", [dY, y[0]], 2)[0]!;
        dW.Shape = y[1].Shape is not { } shape ? null : turned ? shape : new([shape[1], shape[0]]);
        return dW;
    }

    private static bool IsTransposed(Value b) => b.Producer is { OpType: "Transpose", Domain.Length: 0 } t && t.Ints("perm") is { } perm && perm[^1] == perm.Length - 2;

    private static IReadOnlyList<Value?> Einsum(Node y, IReadOnlyList<Value?> dYs) =>
        [.. y.Inputs.Select((x, i) => y.Graph.Emit("Einsum", [dYs[0], .. y.Inputs.Where((_, other) => other != i)], ("equation", Einsums.Of(y)!.Gradient(i))))];

    // cof A[i, j] = (−1)^(i + j) det(A without row i and column j): right for singular matrices too.
    private static Value Cofactors(Value a)
    {
        var (graph, n) = (a.Graph, (int)a.KnownShape[a.Rank - 1].Size);
        if (n == 1)
            return a.Like(1);
        long[] others = [.. Enumerable.Range(0, n).SelectMany(i => Enumerable.Range(0, n).Where(k => k != i).Select(k => (long)k))];
        var minors = a.Gather(graph.Vector(others), -1).Transpose(a.Rank).Gather(graph.Vector(others), -1);         // [.., n (n − 1), n (n − 1)]
        long[] front = [.. Enumerable.Range(0, a.Rank - 2).Select(i => (long)i)];
        minors = minors.Reshape([.. front.Select(_ => 0L), n, n - 1, n, n - 1]).Transpose([.. front, a.Rank, a.Rank - 2, a.Rank - 1, a.Rank + 1]);
        var signs = Tensor.Floats([n, n], [.. Enumerable.Range(0, n * n).Select(i => (i / n + i % n) % 2 == 0 ? 1f : -1f)]);
        return graph.Emit("Det", [minors]) * graph.AddInitializer(graph.UniqueName("signs"), signs).Cast(a.Type);
    }

    private static bool A(Node y) => y.Int("transA", 0) != 0;

    private static bool B(Node y) => y.Int("transB", 0) != 0;

    // d op(A) = α dY op(B)ᵀ
    private static Value GemmA(Node y, Value dY) => A(y) ? Gemm(y, y[1], dY, B(y), true) : Gemm(y, dY, y[1], false, !B(y));

    // d op(B) = α op(A)ᵀ dY
    private static Value GemmB(Node y, Value dY) => B(y) ? Gemm(y, dY, y[0], true, A(y)) : Gemm(y, y[0], dY, !A(y), false);

    private static Value Gemm(Node y, Value a, Value b, bool transA, bool transB) => y.Graph.Emit(
        "Gemm", [a, b], ("alpha", y.Float("alpha", 1)), ("transA", transA ? 1 : 0), ("transB", transB ? 1 : 0));
}
