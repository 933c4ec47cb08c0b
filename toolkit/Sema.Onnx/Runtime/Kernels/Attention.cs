using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Y = softmax(scale Q Kᵀ + mask) V for each head; threads share out the heads.</summary>
/// <param name="perm">The order of the axes that puts heads before rows, or null where Q, K and V are one tensor [batch, length, 3, heads, columns].</param>
internal sealed unsafe class Attention(int[]? perm) : Kernel
{
    private static readonly int[] HeadsFirst = [0, 2, 1, 3];

    // Of one head's rows and numbers, which are counted in 32 bits.
    private const int Most = 1 << 29;

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
        var head = Head(context, perm is null ? 1 : 3, q, k, v);
        var y = context.Output(0, OutputSizes(context.Input(0), v.Columns, perm));
        if (y.Count == 0)
            return;
        var target = Result(y, perm);
        context.Parallel(q.Count, i => head.Forward(i, target));
    }

    /// <summary>Sees Q, K and V, from an input on, as matrices.</summary>
    internal static (MatrixView Q, MatrixView K, MatrixView V) Operands(KernelContext context, int first, int[]? perm)
    {
        if (perm is not null)
            return (View(context.Input(first), perm), View(context.Input(first + 1), perm), View(context.Input(first + 2), perm));
        var packed = context.Input(first);
        Require(packed.Sizes is [_, _, 3, _, _], "Packed attention takes [batch, length, 3, heads, columns].");
        return (MatrixView.OfPart(packed, 0), MatrixView.OfPart(packed, 1), MatrixView.OfPart(packed, 2));
    }

    /// <summary>Sees Y or its gradient as matrices.</summary>
    internal static MatrixView Result(KernelTensor y, int[]? perm) => View(y, perm ?? HeadsFirst);

    /// <summary>Reads scale and mask, from an input on.</summary>
    /// <exception cref="InvalidOperationException">The sizes do not belong together.</exception>
    internal static AttentionHead Head(KernelContext context, int first, MatrixView q, MatrixView k, MatrixView v)
    {
        KernelTensor scale = context.Input(first), mask = context.Input(first + 1);
        int[] scores = [.. q.Sizes[..^1], k.Rows];
        Require(q.Sizes.AsSpan()[..^2].SequenceEqual(k.Sizes.AsSpan()[..^2]) && q.Sizes.AsSpan()[..^2].SequenceEqual(v.Sizes.AsSpan()[..^2])
            && q.Columns == k.Columns && k.Rows == v.Rows && q.Rows <= Most && (k.Rows + 16L) * (q.Columns + v.Columns + 48L) <= Most,
            "Attention: Q, K and V do not have sizes that belong together, or too large ones.");
        Require(scale.Count == 1 && mask.Sizes.Length <= scores.Length && mask.Sizes.Zip(scores.TakeLast(mask.Sizes.Length)).All(s => s.First == 1 || s.First == s.Second),
            "Attention: the scale must be a single number, and the mask broadcast to the scores.");
        var added = mask.Count == 1 && *mask.Floats == 0 ? default : MatrixView.Repeated(mask, scores);
        return new(q, k, v, added, *scale.Floats);
    }

    private static MatrixView View(KernelTensor tensor, int[] perm)
    {
        Require(perm.Length >= 2 && perm.Length == tensor.Sizes.Length && perm[^1] == perm.Length - 1 && perm.Order().SequenceEqual(Enumerable.Range(0, perm.Length)),
            $"Attention: [{string.Join(", ", perm)}] is no order of the axes of a tensor of {tensor.Sizes.Length} that leaves the last where it is.");
        return MatrixView.Of(tensor, perm);
    }

    private static int[] OutputSizes(KernelTensor q, int columns, int[]? perm) =>
        perm is null ? [q.Sizes[0], q.Sizes[1], q.Sizes[3], q.Sizes[4]] : [.. q.Sizes[..^1], columns];
}
