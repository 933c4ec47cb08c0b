using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Y = softmax(scale Q Kᵀ + mask) V for each head; threads share out the heads.</summary>
/// <param name="perm">The order of the axes that puts heads before rows, or null where Q, K and V are one tensor [batch, length, 3, heads, columns].</param>
internal sealed unsafe class Attention(int[]? perm) : Kernel
{
    private static readonly int[] HeadsFirst = [0, 2, 1, 3];

    internal static readonly KernelDefinition Definition = new(
        "Attention", [.. Enumerable.Repeat(ElementType.Float32, 5)], [ElementType.Float32], node => new Attention(node.Ints("perm")));

    internal static readonly KernelDefinition Packed = new(
        "PackedAttention", [.. Enumerable.Repeat(ElementType.Float32, 3)], [ElementType.Float32], _ => new Attention(null));

    internal static readonly KernelDefinition Gradient = new(
        "AttentionGrad", [.. Enumerable.Repeat(ElementType.Float32, 6)], [.. Enumerable.Repeat(ElementType.Float32, 3)],
        node => new AttentionGrad(node.Ints("perm")));

    internal static readonly KernelDefinition PackedGradient = new(
        "PackedAttentionGrad", [.. Enumerable.Repeat(ElementType.Float32, 4)], [ElementType.Float32], _ => new AttentionGrad(null));

    internal override void Compute(KernelContext context)
    {
        var (q, k, v) = Operands(context, 0, perm);
        var y = context.Output(0, OutputSizes(context.Input(0), v.Columns, perm));
        if (y.Count == 0)
            return;
        var (head, target) = (Head(context, perm is null ? 1 : 3, q, k, v), Result(y, perm));
        context.Parallel(q.Count, i => head.Forward(i, target));
    }

    /// <summary>Sees Q, K and V, from an input on, as matrices.</summary>
    internal static (MatrixView Q, MatrixView K, MatrixView V) Operands(KernelContext context, int first, int[]? perm)
    {
        if (perm is not null)
            return (MatrixView.Of(context.Input(first), perm), MatrixView.Of(context.Input(first + 1), perm), MatrixView.Of(context.Input(first + 2), perm));
        var packed = context.Input(first);
        return (MatrixView.OfPart(packed, 0), MatrixView.OfPart(packed, 1), MatrixView.OfPart(packed, 2));
    }

    /// <summary>Sees Y or its gradient as matrices.</summary>
    internal static MatrixView Result(KernelTensor y, int[]? perm) => MatrixView.Of(y, perm ?? HeadsFirst);

    /// <summary>Reads scale and mask, from an input on.</summary>
    internal static AttentionHead Head(KernelContext context, int first, MatrixView q, MatrixView k, MatrixView v)
    {
        var mask = context.Input(first + 1);
        var added = mask.Count == 1 && *mask.Floats == 0 ? default : MatrixView.Repeated(mask, [.. q.Sizes[..^1], k.Rows]);
        return new(q, k, v, added, *context.Input(first).Floats);
    }

    private static int[] OutputSizes(KernelTensor q, int columns, int[]? perm) =>
        perm is null ? [q.Sizes[0], q.Sizes[1], q.Sizes[3], q.Sizes[4]] : [.. q.Sizes[..^1], columns];
}
