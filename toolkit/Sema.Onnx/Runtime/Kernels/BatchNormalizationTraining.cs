using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Y = scale (X − mean)/√(var + ε) + B by the batch's own statistics, and the same clipped: X is read from memory once or twice, Y written once.</summary>
/// <remarks>A channel's threads-worth of work is whole, so that no result depends on the number of threads.</remarks>
internal sealed unsafe class BatchNormalizationTraining(float epsilon, int[] axes, float low, float high) : Kernel
{
    internal static readonly KernelDefinition Definition = new("BatchNormalizationTraining", Three, Three,
        node => new BatchNormalizationTraining(node.Float("epsilon"), node.Ints("axes"), float.NegativeInfinity, float.PositiveInfinity))
    { Sizes = ["N C *", "C", "C"], InPlace = true };

    internal static readonly KernelDefinition Clipped = new("BatchNormalizationClipTraining", Three, Three,
        node => new BatchNormalizationTraining(node.Float("epsilon"), node.Ints("axes"), node.Float("low"), node.Float("high")))
    { Sizes = ["N C *", "C", "C"], InPlace = true };

    // So many elements stay in the first cache between the pass that finds their mean and the one that finds their variance.
    private const int Block = 4096;

    private static ElementType[] Three => [ElementType.Float32, ElementType.Float32, ElementType.Float32];

    internal override void Compute(KernelContext context)
    {
        KernelTensor x = context.Input(0), scale = context.Input(1), bias = context.Input(2), y = context.Output(0, x.Sizes);
        CheckAxes(axes, x.Sizes.Length);
        int batch = x.Sizes[0], channels = x.Sizes[1];
        KernelTensor mean = context.Output(1, channels), variance = context.Output(2, channels);
        var (plane, e, lower, upper) = (x.Product(2, x.Sizes.Length), epsilon, low, high);
        context.ParallelRange(channels, Math.Max(1, (1 << 14) / Math.Max(1, batch * plane)), (from, to) =>
        {
            for (var c = from; c < to; c++)
            {
                var first = x.Floats + c * plane;
                var (m, v) = Moments(first, batch, channels * plane, plane);
                var factor = (float)(scale.Floats[c] / Math.Sqrt(v + e));
                Normalise(first, y.Floats + c * plane, batch, plane, channels * plane, (float)m, factor, bias.Floats[c], lower, upper);
                if (mean.Data != 0)
                    mean.Floats[c] = (float)m;
                if (variance.Data != 0)
                    variance.Floats[c] = (float)v;
            }
        });
    }

    /// <summary>Refuses a normalisation over other axes than all but the channels'.</summary>
    internal static void CheckAxes(int[] axes, int rank) =>
        Require(axes.AsSpan().SequenceEqual([0, .. Enumerable.Range(2, Math.Max(rank - 2, 0))]), "Batch normalisation is over all axes but the second.");

    // Block by block: the block's own mean, its squares about that, and both joined to what came before (Chan, Golub and LeVeque 1979).
    private static (double Mean, double Variance) Moments(float* x, int batch, long stride, long plane)
    {
        double mean = 0, squares = 0, count = 0;
        var rows = Math.Max(1, Block / Math.Max(plane, 1));
        for (long n = 0; n < batch; n += rows)
        {
            for (long at = 0; at < plane; at += Block)
            {
                var part = x + n * stride + at;
                var (height, width) = (Math.Min(rows, batch - n), Math.Min(Block, plane - at));
                var added = (double)height * width;
                var own = Sum(part, height, width, stride) / added;
                var (shift, all) = (own - mean, count + added);
                squares += Squares(part, height, width, stride, (float)own) + shift * shift * count * added / all;
                mean += shift * added / all;
                count = all;
            }
        }

        return (mean, squares / Math.Max(count, 1));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Sum(float* x, long rows, long length, long stride)
    {
        Vector512<float> a = default, b = default;
        for (; rows > 0; rows--, x += stride)
        {
            long i = 0;
            for (; i <= length - 32; i += 32)
            {
                a += Vector512.Load(x + i);
                b += Vector512.Load(x + i + 16);
            }

            for (; i <= length - 16; i += 16)
                a += Vector512.Load(x + i);
            if (i < length)
                b += Lanes.Load(x + i, length - i);
        }

        return Vector512.Sum(a + b);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Squares(float* x, long rows, long length, long stride, float mean)
    {
        Vector512<float> a = default, b = default, m = Vector512.Create(mean);
        for (; rows > 0; rows--, x += stride)
        {
            long i = 0;
            for (; i <= length - 32; i += 32)
            {
                Vector512<float> p = Vector512.Load(x + i) - m, q = Vector512.Load(x + i + 16) - m;
                a = Vector512.FusedMultiplyAdd(p, p, a);
                b = Vector512.FusedMultiplyAdd(q, q, b);
            }

            for (; i <= length - 16; i += 16)
            {
                var p = Vector512.Load(x + i) - m;
                a = Vector512.FusedMultiplyAdd(p, p, a);
            }

            if (i < length)
            {
                var p = (Lanes.Load(x + i, length - i) - m) & Lanes.Mask(length - i);
                b = Vector512.FusedMultiplyAdd(p, p, b);
            }
        }

        return Vector512.Sum(a + b);
    }

    // The native minimum gives its second operand where one is no number: a NaN goes through.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Normalise(float* x, float* y, long rows, long length, long stride, float mean, float factor, float bias, float low, float high)
    {
        Vector512<float> m = Vector512.Create(mean), f = Vector512.Create(factor), b = Vector512.Create(bias), l = Vector512.Create(low), h = Vector512.Create(high);
        for (; rows > 0; rows--, x += stride, y += stride)
        {
            long i = 0;
            for (; i <= length - 16; i += 16)
                Vector512.MinNative(h, Vector512.MaxNative(l, Vector512.FusedMultiplyAdd(Vector512.Load(x + i) - m, f, b))).Store(y + i);
            if (i < length)
            {
                var value = Vector512.FusedMultiplyAdd(Lanes.Load(x + i, length - i) - m, f, b);
                Lanes.Store(Vector512.MinNative(h, Vector512.MaxNative(l, value)), y + i, length - i);
            }
        }
    }
}
