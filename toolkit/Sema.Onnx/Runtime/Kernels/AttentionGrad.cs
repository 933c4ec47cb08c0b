namespace Sema.Onnx.Runtime.Kernels;

/// <summary>The gradients of <see cref="Attention"/>, in the layouts of Q, K and V; threads share out the heads.</summary>
/// <param name="perm">As of <see cref="Attention"/>.</param>
internal sealed unsafe class AttentionGrad(int[]? perm) : Kernel
{
    internal override void Compute(KernelContext context)
    {
        var (q, k, v) = Attention.Operands(context, 1, perm);
        var (head, dY) = (Attention.Head(context, perm is null ? 2 : 4, q, k, v), Attention.Result(context.Input(0), perm));
        Require(dY.Sizes.AsSpan().SequenceEqual([.. q.Sizes[..^1], v.Columns]), "AttentionGrad: dY has not the sizes that Y has.");
        MatrixView dQ, dK, dV;
        if (perm is null)
        {
            var packed = context.Output(0, context.Input(1).Sizes);
            (dQ, dK, dV) = (MatrixView.OfPart(packed, 0), MatrixView.OfPart(packed, 1), MatrixView.OfPart(packed, 2));
        }
        else
        {
            (dQ, dK, dV) = (Like(0), Like(1), Like(2));
        }

        context.Parallel(q.Count, i => head.Backward(i, dY, dQ, dK, dV));

        MatrixView Like(int i) => MatrixView.Of(context.Output(i, context.Input(i + 1).Sizes), perm);
    }
}
