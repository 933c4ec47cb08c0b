using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>
/// Depthwise convolutions of 3x3 without strides over a plane as one run of numbers: rows share the padding between them, so that a vector holds
/// several rows of a small plane, and windows that stand across the padding are dropped.
/// </summary>
internal static unsafe class FlatDepthwise
{
    private const int Taps = 9;

    /// <summary>Gets whether a convolution, depthwise, is of this kind.</summary>
    internal static bool Fits(ConvGeometry g) =>
        g.Kernel is [1, 3, 3] && g.Strides.All(s => s == 1) && g.Before.All(b => b >= 0) && new ImageBand(g, 1).Bands == 1;

    /// <summary>Y[n, c] = X[n, c] ∗ W[c] + b[c], of planes whose rows fit in a vector.</summary>
    internal static void Forward(KernelContext context, ConvGeometry g, int channels, float* x, float* w, float* bias, float* y) =>
        context.ParallelRange((long)g.Batch * channels, 1, (from, to) =>
        {
            var band = new ImageBand(g, 1);
            var (height, width) = (g.Windows[1], g.Windows[2]);
            var count = ((height - 1) * band.Width) + width;
            var rows = Scratch.Floats(ScratchUse.Rows, count + GemmTile.Vector);
            nint down = g.Dilations[1] * band.Width, across = g.Dilations[2];
            for (var plane = from; plane < to; plane++)
            {
                var data = band.Fill(x + (plane * g.PlaneSize), 0);
                var c = plane % channels;
                DepthwiseConvolution.Row3(data, data + down, data + (2 * down), across, 2 * across, w + (c * Taps), bias == null ? 0 : bias[c], rows, count);
                Spread(rows, band.Width, height, width, y + (plane * g.WindowCount), width);
            }
        });

    /// <summary>dW[c, tap] = Σ over images and windows of dY[n, c, q] X[n, c, what the tap sees].</summary>
    internal static void WeightGrad(KernelContext context, ConvGeometry g, int channels, float* x, float* dY, float* dW) =>
        context.ParallelRange(channels, 1, (from, to) =>
        {
            var band = new ImageBand(g, 1);
            var count = ((g.Windows[1] - 1) * band.Width) + g.Windows[2];
            var gradients = Scratch.Floats(ScratchUse.Rows, count + (2 * GemmTile.Vector) + g.Windows[2]);
            var sums = Scratch.Floats(ScratchUse.Tile, Taps * GemmTile.Vector);
            nint down = g.Dilations[1] * band.Width, across = g.Dilations[2];
            for (var c = from; c < to; c++)
            {
                new Span<float>(sums, Taps * GemmTile.Vector).Clear();
                for (var image = 0; image < g.Batch; image++)
                {
                    var plane = ((long)image * channels) + c;
                    var data = band.Fill(x + (plane * g.PlaneSize), 0);
                    Spread(dY + (plane * g.WindowCount), g.Windows[2], g.Windows[1], g.Windows[2], gradients, band.Width);
                    Vector512<float>.Zero.Store(gradients + count);
                    Products(gradients, data, data + down, data + (2 * down), across, 2 * across, count, sums);
                }

                for (var tap = 0; tap < Taps; tap++)
                    dW[(c * Taps) + tap] = Vector512.Sum(Vector512.Load(sums + (tap * GemmTile.Vector)));
            }
        });

    // Sets rows further apart, with zeros between them, or closer together.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Spread(float* from, int fromStride, int rows, int count, float* to, int toStride)
    {
        for (; rows > 0; rows--, from += fromStride, to += toStride)
        {
            var i = 0;
            for (; i <= count - GemmTile.Vector; i += GemmTile.Vector)
                Vector512.Load(from + i).Store(to + i);
            if (toStride > count)
            {
                for (; i < toStride; i += GemmTile.Vector)
                    Lanes.Load(from + i, count - i).Store(to + i);
            }
            else if (i < count)
                Lanes.Store(Lanes.Load(from + i, count - i), to + i, count - i);
        }
    }

    // sums[tap, lane] += Σ a b at the tap: nine sums in registers, each number of dY read once.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Products(float* a, float* r0, float* r1, float* r2, nint second, nint third, int count, float* sums)
    {
        Vector512<float> s0 = Vector512.Load(sums), s1 = Vector512.Load(sums + 16), s2 = Vector512.Load(sums + 32);
        Vector512<float> s3 = Vector512.Load(sums + 48), s4 = Vector512.Load(sums + 64), s5 = Vector512.Load(sums + 80);
        Vector512<float> s6 = Vector512.Load(sums + 96), s7 = Vector512.Load(sums + 112), s8 = Vector512.Load(sums + 128);
        for (nint x = 0; x < count; x += Vector512<float>.Count)
        {
            var g = Vector512.Load(a + x);
            s0 = Vector512.FusedMultiplyAdd(g, Vector512.Load(r0 + x), s0);
            s1 = Vector512.FusedMultiplyAdd(g, Vector512.Load(r0 + second + x), s1);
            s2 = Vector512.FusedMultiplyAdd(g, Vector512.Load(r0 + third + x), s2);
            s3 = Vector512.FusedMultiplyAdd(g, Vector512.Load(r1 + x), s3);
            s4 = Vector512.FusedMultiplyAdd(g, Vector512.Load(r1 + second + x), s4);
            s5 = Vector512.FusedMultiplyAdd(g, Vector512.Load(r1 + third + x), s5);
            s6 = Vector512.FusedMultiplyAdd(g, Vector512.Load(r2 + x), s6);
            s7 = Vector512.FusedMultiplyAdd(g, Vector512.Load(r2 + second + x), s7);
            s8 = Vector512.FusedMultiplyAdd(g, Vector512.Load(r2 + third + x), s8);
        }

        s0.Store(sums);
        s1.Store(sums + 16);
        s2.Store(sums + 32);
        s3.Store(sums + 48);
        s4.Store(sums + 64);
        s5.Store(sums + 80);
        s6.Store(sums + 96);
        s7.Store(sums + 112);
        s8.Store(sums + 128);
    }
}
