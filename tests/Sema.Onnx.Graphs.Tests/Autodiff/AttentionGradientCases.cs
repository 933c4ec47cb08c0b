using static Sema.Onnx.Graphs.Autodiff.Operand;

namespace Sema.Onnx.Graphs.Autodiff;

/// <summary>The cases of attention: orders of axes, more keys than queries, other columns of V, masks of every shape.</summary>
internal static class AttentionGradientCases
{
    internal static readonly Dictionary<string, GradientCase[]> Table = new()
    {
        ["com.sema.Attention"] =
        [
            Of(F(3, 4), F(3, 4), F(3, 4), Scalar(0), 0, 1),
            Of(F(2, 3, 4), F(2, 5, 4), F(2, 5, 2), F(3, 5).Constant(), 0, 1, 2),
            Of(F(3, 2, 4), F(4, 2, 4), F(4, 2, 4), F(2, 1, 4).Constant(), 1, 0, 2),
            Of(F(2, 3, 2, 4), F(2, 3, 2, 4), F(2, 3, 2, 4), F(2, 1, 3, 1).Constant(), 0, 2, 1, 3),
            Of(F(1, 2, 3, 1), F(1, 2, 3, 1), F(1, 2, 3, 1), F(1).Constant(), 0, 1, 2, 3),
        ],
        ["com.sema.PackedAttention"] =
        [
            new GradientCase(F(2, 3, 3, 2, 4), Scalar(0.4), Scalar(0)),
            new GradientCase(F(1, 4, 3, 1, 3), Scalar(0.4), F(4, 4).Constant()),
            new GradientCase(F(2, 3, 3, 2, 1), Scalar(0.4), F(2, 1, 1, 3).Constant()),
        ],
    };

    private static GradientCase Of(Operand q, Operand k, Operand v, Operand mask, params long[] perm) => new GradientCase(q, k, v, Scalar(0.4), mask)
        .With(("perm", perm), ("turn", [.. Enumerable.Range(0, perm.Length - 2).Select(i => (long)i), perm.Length - 1, perm.Length - 2]));
}
