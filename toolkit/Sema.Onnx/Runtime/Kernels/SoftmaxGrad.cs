using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>dX = Y (dY − Σ dY Y) over one axis, or several that follow each other: reads two tensors, writes one.</summary>
internal sealed unsafe class SoftmaxGrad(int[] axes) : Kernel
{
    internal static readonly KernelDefinition Definition = new(
        "SoftmaxGrad", [ElementType.Float32, ElementType.Float32], [ElementType.Float32], node => new SoftmaxGrad(node.Ints("axes")))
    { Sizes = ["*", "*"], InPlace = true };

    internal override void Compute(KernelContext context)
    {
        KernelTensor dY = context.Input(0), y = context.Input(1), dX = context.Output(0, y.Sizes);
        Require(axes.Length > 0 && axes[0] >= 0 && axes[^1] < y.Sizes.Length && axes[^1] - axes[0] == axes.Length - 1,
            $"SoftmaxGrad: the axes {string.Join(", ", axes)} do not follow each other in a tensor of {y.Sizes.Length} axes.");
        long outer = y.Product(0, axes[0]), length = y.Product(axes[0], axes[^1] + 1), inner = y.Product(axes[^1] + 1, y.Sizes.Length);
        context.ParallelRange(outer, Math.Max(1, (1 << 14) / Math.Max(1, length * inner)), (from, to) =>
        {
            for (var row = from * length * inner; row < to * length * inner; row += length * inner)
            {
                if (inner == 1)
                    Row(dY.Floats + row, y.Floats + row, dX.Floats + row, length);
                else
                    Columns(dY.Floats + row, y.Floats + row, dX.Floats + row, length, inner);
            }
        });
    }

    /// <summary>The gradient of one row, which may be written over <paramref name="dY"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Row(float* dY, float* y, float* dX, long length)
    {
        Vector512<float> a = default, b = default;
        long i = 0;
        for (; i <= length - 32; i += 32)
        {
            a = Vector512.FusedMultiplyAdd(Vector512.Load(dY + i), Vector512.Load(y + i), a);
            b = Vector512.FusedMultiplyAdd(Vector512.Load(dY + i + 16), Vector512.Load(y + i + 16), b);
        }

        for (; i <= length - 16; i += 16)
            a = Vector512.FusedMultiplyAdd(Vector512.Load(dY + i), Vector512.Load(y + i), a);
        var rest = length - i;
        if (rest > 0)
            b = Vector512.FusedMultiplyAdd(Lanes.Load(dY + i, rest), Lanes.Load(y + i, rest), b);

        var sum = Vector512.Create(Vector512.Sum(a + b));
        for (i = 0; i <= length - 16; i += 16)
            (Vector512.Load(y + i) * (Vector512.Load(dY + i) - sum)).Store(dX + i);
        if (rest > 0)
            Lanes.Store(Lanes.Load(y + i, rest) * (Lanes.Load(dY + i, rest) - sum), dX + i, rest);
    }

    // The axis stands before others: each of their places has a sum of its own.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Columns(float* dY, float* y, float* dX, long length, long inner)
    {
        for (long at = 0; at < inner; at += 16)
        {
            var width = Math.Min(16, inner - at);
            Vector512<float> sum = default;
            for (var i = at; i < length * inner; i += inner)
                sum = Vector512.FusedMultiplyAdd(Lanes.Load(dY + i, width), Lanes.Load(y + i, width), sum);
            for (var i = at; i < length * inner; i += inner)
                Lanes.Store(Lanes.Load(y + i, width) * (Lanes.Load(dY + i, width) - sum), dX + i, width);
        }
    }
}
