using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Y = scale (X − mean)/√(var + ε) + B over the last axes, and mean and 1/√(var + ε) of each row: X is read from memory once, Y written once.</summary>
internal sealed unsafe class LayerNormalizationTraining(float epsilon, int axis) : Kernel
{
    internal static readonly KernelDefinition Definition = new("LayerNormalizationTraining", Three, Three,
        node => new LayerNormalizationTraining(node.Float("epsilon"), node.Int("axis")))
    { InPlace = true };

    private static ElementType[] Three => [ElementType.Float32, ElementType.Float32, ElementType.Float32];

    internal override void Compute(KernelContext context)
    {
        KernelTensor x = context.Input(0), scale = context.Input(1), bias = context.Input(2), y = context.Output(0, x.Sizes);
        Require(axis >= 0 && axis <= x.Sizes.Length, $"LayerNormalizationTraining: the axis {axis} is none of a tensor with {x.Sizes.Length} axes.");
        int[] sizes = [.. x.Sizes.Select((size, i) => i < axis ? size : 1)];
        KernelTensor mean = context.Output(1, sizes), inverse = context.Output(2, sizes);
        long rows = x.Product(0, axis), width = x.Product(axis, x.Sizes.Length);
        Require(scale.Count == width && bias.Count == width, $"LayerNormalizationTraining: scale and bias have {scale.Count} and {bias.Count} elements, and a row has {width}.");
        var e = epsilon;
        context.ParallelRange(rows, Math.Max(1, (1 << 14) / Math.Max(1, width)), (from, to) =>
        {
            for (var row = from; row < to; row++)
            {
                var (m, v) = Row(x.Floats + row * width, scale.Floats, bias.Floats, y.Floats + row * width, width, e);
                if (mean.Data != 0)
                    mean.Floats[row] = m;
                if (inverse.Data != 0)
                    inverse.Floats[row] = v;
            }
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (float Mean, float Inverse) Row(float* x, float* scale, float* bias, float* y, long width, float epsilon)
    {
        Vector512<float> a = default, b = default;
        long i = 0;
        for (; i <= width - 32; i += 32)
        {
            a += Vector512.Load(x + i);
            b += Vector512.Load(x + i + 16);
        }

        for (; i <= width - 16; i += 16)
            a += Vector512.Load(x + i);
        var rest = width - i;
        if (rest > 0)
            b += Lanes.Load(x + i, rest);
        var mean = (float)((double)Vector512.Sum(a + b) / width);
        var m = Vector512.Create(mean);

        a = b = default;
        for (i = 0; i <= width - 32; i += 32)
        {
            Vector512<float> p = Vector512.Load(x + i) - m, q = Vector512.Load(x + i + 16) - m;
            a = Vector512.FusedMultiplyAdd(p, p, a);
            b = Vector512.FusedMultiplyAdd(q, q, b);
        }

        for (; i <= width - 16; i += 16)
        {
            var p = Vector512.Load(x + i) - m;
            a = Vector512.FusedMultiplyAdd(p, p, a);
        }

        if (rest > 0)
        {
            var p = (Lanes.Load(x + i, rest) - m) & Lanes.Mask(rest);
            b = Vector512.FusedMultiplyAdd(p, p, b);
        }

        var inverse = (float)(1 / Math.Sqrt((double)Vector512.Sum(a + b) / width + epsilon));
        var v = Vector512.Create(inverse);
        for (i = 0; i <= width - 16; i += 16)
            Vector512.FusedMultiplyAdd((Vector512.Load(x + i) - m) * v, Vector512.Load(scale + i), Vector512.Load(bias + i)).Store(y + i);
        if (rest > 0)
            Lanes.Store(Vector512.FusedMultiplyAdd((Lanes.Load(x + i, rest) - m) * v, Lanes.Load(scale + i, rest), Lanes.Load(bias + i, rest)), y + i, rest);
        return (mean, inverse);
    }
}
