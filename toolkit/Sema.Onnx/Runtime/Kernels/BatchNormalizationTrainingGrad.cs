using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>
/// The gradients of batch normalisation by the batch's own statistics or by constant ones: dY and X are read twice, dX is written once. Where
/// Y was clipped, dY counts where Y, computed anew, lies between the bounds.
/// </summary>
internal sealed unsafe class BatchNormalizationTrainingGrad(float epsilon, int[] axes, float low, float high, bool clipped, bool frozen) : Kernel
{
    internal static readonly KernelDefinition Definition = new("BatchNormalizationTrainingGrad", Floats(5), Floats(3),
        node => new BatchNormalizationTrainingGrad(node.Float("epsilon"), node.Ints("axes"), 0, 0, clipped: false, frozen: false))
    { Sizes = ["N C *", "N C *", "C", "C", "C"], InPlace = true };

    internal static readonly KernelDefinition Clipped = new("BatchNormalizationClipTrainingGrad", Floats(6), Floats(3),
        node => new BatchNormalizationTrainingGrad(node.Float("epsilon"), node.Ints("axes"), node.Float("low"), node.Float("high"), clipped: true, frozen: false))
    { Sizes = ["N C *", "N C *", "C", "C", "C", "C"], InPlace = true };

    internal static readonly KernelDefinition Frozen = new("BatchNormalizationGrad", Floats(5), Floats(3),
        node => new BatchNormalizationTrainingGrad(node.Float("epsilon"), node.Ints("axes"), 0, 0, clipped: false, frozen: true))
    { Sizes = ["N C *", "N C *", "C", "C", "C"], InPlace = true };

    // Sums of so many elements are taken in float32, sums of those in float64.
    private const int Block = 4096;

    private static ElementType[] Floats(int count) => [.. Enumerable.Repeat(ElementType.Float32, count)];

    internal override void Compute(KernelContext context)
    {
        KernelTensor dY = context.Input(0), x = context.Input(1), scale = context.Input(2), dX = context.Output(0, x.Sizes);
        var bias = clipped ? context.Input(3) : default;
        KernelTensor mean = context.Input(clipped ? 4 : 3), variance = context.Input(clipped ? 5 : 4);
        BatchNormalizationTraining.CheckAxes(axes, x.Sizes.Length);
        int batch = x.Sizes[0], channels = x.Sizes[1];
        KernelTensor dScale = context.Output(1, channels), dB = context.Output(2, channels);
        var (plane, e, lower, upper, clips) = (x.Product(2, x.Sizes.Length), epsilon, low, high, clipped);
        var live = frozen ? 0 : 1;
        var rows = Math.Max(1, Block / Math.Max(plane, 1));
        context.ParallelRange(channels, Math.Max(1, (1 << 14) / Math.Max(1, batch * plane)), (from, to) =>
        {
            for (var c = from; c < to; c++)
            {
                var (stride, start) = (channels * plane, c * plane);
                var inverse = 1 / Math.Sqrt((double)variance.Floats[c] + e);
                var gate = new Gate(mean.Floats[c], (float)(scale.Floats[c] * inverse), clips ? bias.Floats[c] : 0, lower, upper);
                double sum = 0, product = 0;
                for (long n = 0; n < batch; n += rows)
                {
                    for (long at = 0; at < plane; at += Block)
                    {
                        var part = start + n * stride + at;
                        var (height, width) = (Math.Min(rows, batch - n), Math.Min(Block, plane - at));
                        var (s, p) = clips
                            ? ClippedSums(dY.Floats + part, x.Floats + part, height, width, stride, gate)
                            : Sums(dY.Floats + part, x.Floats + part, height, width, stride, gate.Mean);
                        (sum, product) = (sum + s, product + p);
                    }
                }

                var count = (double)batch * plane;
                var shift = (float)(-live * scale.Floats[c] * inverse * sum / count);
                var slope = (float)(-live * scale.Floats[c] * inverse * inverse * inverse * product / count);
                if (clips)
                    ClippedGradient(dY.Floats + start, x.Floats + start, dX.Floats + start, batch, plane, stride, gate, shift, slope);
                else
                    Gradient(dY.Floats + start, x.Floats + start, dX.Floats + start, batch, plane, stride, gate.Mean, gate.Factor, shift, slope);

                if (dScale.Data != 0)
                    dScale.Floats[c] = (float)(product * inverse);
                if (dB.Data != 0)
                    dB.Floats[c] = (float)sum;
            }
        });
    }

    // Σ dY and Σ dY (X − mean)
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (double Sum, double Product) Sums(float* dY, float* x, long rows, long length, long stride, float mean)
    {
        Vector512<float> s = default, p = default, m = Vector512.Create(mean);
        for (; rows > 0; rows--, dY += stride, x += stride)
        {
            long i = 0;
            for (; i <= length - 16; i += 16)
            {
                var a = Vector512.Load(dY + i);
                s += a;
                p = Vector512.FusedMultiplyAdd(a, Vector512.Load(x + i) - m, p);
            }

            if (i < length)
            {
                var a = Lanes.Load(dY + i, length - i);
                s += a;
                p = Vector512.FusedMultiplyAdd(a, Lanes.Load(x + i, length - i) - m, p);
            }
        }

        return (Vector512.Sum(s), Vector512.Sum(p));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (double Sum, double Product) ClippedSums(float* dY, float* x, long rows, long length, long stride, in Gate gate)
    {
        Vector512<float> s = default, p = default, m = Vector512.Create(gate.Mean), f = Vector512.Create(gate.Factor), b = Vector512.Create(gate.Bias);
        Vector512<float> low = Vector512.Create(gate.Low), high = Vector512.Create(gate.High);
        for (; rows > 0; rows--, dY += stride, x += stride)
        {
            long i = 0;
            for (; i <= length - 16; i += 16)
            {
                var centred = Vector512.Load(x + i) - m;
                var y = Vector512.FusedMultiplyAdd(centred, f, b);
                var a = Vector512.Load(dY + i) & Vector512.GreaterThan(y, low) & Vector512.LessThan(y, high);
                s += a;
                p = Vector512.FusedMultiplyAdd(a, centred, p);
            }

            if (i < length)
            {
                var centred = Lanes.Load(x + i, length - i) - m;
                var y = Vector512.FusedMultiplyAdd(centred, f, b);
                var a = Lanes.Load(dY + i, length - i) & Vector512.GreaterThan(y, low) & Vector512.LessThan(y, high);
                s += a;
                p = Vector512.FusedMultiplyAdd(a, centred, p);
            }
        }

        return (Vector512.Sum(s), Vector512.Sum(p));
    }

    // dX = factor dY + shift + slope (X − mean)
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gradient(float* dY, float* x, float* dX, long rows, long length, long stride, float mean, float factor, float shift, float slope)
    {
        Vector512<float> m = Vector512.Create(mean), f = Vector512.Create(factor), s = Vector512.Create(shift), k = Vector512.Create(slope);
        for (; rows > 0; rows--, dY += stride, x += stride, dX += stride)
        {
            long i = 0;
            for (; i <= length - 16; i += 16)
                Vector512.FusedMultiplyAdd(Vector512.Load(dY + i), f, Vector512.FusedMultiplyAdd(Vector512.Load(x + i) - m, k, s)).Store(dX + i);
            if (i < length)
            {
                var linear = Vector512.FusedMultiplyAdd(Lanes.Load(x + i, length - i) - m, k, s);
                Lanes.Store(Vector512.FusedMultiplyAdd(Lanes.Load(dY + i, length - i), f, linear), dX + i, length - i);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ClippedGradient(float* dY, float* x, float* dX, long rows, long length, long stride, in Gate gate, float shift, float slope)
    {
        Vector512<float> m = Vector512.Create(gate.Mean), f = Vector512.Create(gate.Factor), b = Vector512.Create(gate.Bias);
        Vector512<float> low = Vector512.Create(gate.Low), high = Vector512.Create(gate.High), s = Vector512.Create(shift), k = Vector512.Create(slope);
        for (; rows > 0; rows--, dY += stride, x += stride, dX += stride)
        {
            long i = 0;
            for (; i <= length - 16; i += 16)
            {
                var centred = Vector512.Load(x + i) - m;
                var y = Vector512.FusedMultiplyAdd(centred, f, b);
                var a = Vector512.Load(dY + i) & Vector512.GreaterThan(y, low) & Vector512.LessThan(y, high);
                Vector512.FusedMultiplyAdd(a, f, Vector512.FusedMultiplyAdd(centred, k, s)).Store(dX + i);
            }

            if (i < length)
            {
                var centred = Lanes.Load(x + i, length - i) - m;
                var y = Vector512.FusedMultiplyAdd(centred, f, b);
                var a = Lanes.Load(dY + i, length - i) & Vector512.GreaterThan(y, low) & Vector512.LessThan(y, high);
                Lanes.Store(Vector512.FusedMultiplyAdd(a, f, Vector512.FusedMultiplyAdd(centred, k, s)), dX + i, length - i);
            }
        }
    }

    // What Y = factor (X − mean) + bias is, and between which bounds its gradient passes.
    private readonly record struct Gate(float Mean, float Factor, float Bias, float Low, float High);
}
