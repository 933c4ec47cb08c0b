using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>
/// Convolutions whose groups have one channel and one output: too few products for a matrix, so each plane is padded into a core's first-level
/// cache and every tap is a shifted row of it. With a stride, a padded row holds every stride-th element side by side, phase after phase.
/// </summary>
internal static unsafe class DepthwiseConvolution
{
    /// <summary>Gets whether a convolution is of this kind: one channel and output a group, at most two spatial axes, planes that fit.</summary>
    internal static bool Fits(ConvGeometry g, int outputs) =>
        g.Channels == 1 && outputs == 1 && g.Kernel[0] == 1 && g.Plane[0] == 1 && g.Before.All(b => b >= 0) && g.Windows[0] == 1 && new PaddedPlane(g, 0).Size <= 1 << 16;

    /// <summary>Y[n, c] = X[n, c] ∗ W[c] + b[c].</summary>
    internal static void Forward(KernelContext context, ConvGeometry g, ConvPlacement placement, int channels, float* x, float* w, float* bias, float* y)
    {
        if (placement.IsDense && g.Windows[2] < GemmTile.Vector && FlatDepthwise.Fits(g))
        {
            FlatDepthwise.Forward(context, g, channels, x, w, bias, y);
            return;
        }

        context.ParallelRange((long)g.Batch * channels, 1, (from, to) =>
        {
            var padded = new PaddedPlane(g, 0);
            var row = Scratch.Floats(ScratchUse.Rows, g.Windows[2] + GemmTile.Vector);
            var taps = (float**)Scratch.Floats(ScratchUse.Offsets, 2L * g.Taps);
            for (var plane = from; plane < to; plane++)
            {
                padded.Fill(x + (plane * g.PlaneSize));
                var c = plane % channels;
                var target = y + (plane * placement.PlaneSize);
                for (var i = 0; i < g.Windows[1]; i++)
                {
                    Row(padded, taps, i, w + (c * g.Taps), bias == null ? 0 : bias[c], placement.IsDense ? target + (i * g.Windows[2]) : row, g.Windows[2]);
                    if (!placement.IsDense)
                        placement.Put(row, 0, 1, g.Windows[2], null, target + placement.Of(i * g.Windows[2]).Place);
                }
            }
        });
    }

    /// <summary>dW[c, tap] = Σ over images and windows of dY[n, c, q] X[n, c, what the tap sees].</summary>
    internal static void WeightGrad(KernelContext context, ConvGeometry g, int channels, float* x, float* dY, float* dW)
    {
        if (FlatDepthwise.Fits(g))
        {
            FlatDepthwise.WeightGrad(context, g, channels, x, dY, dW);
            return;
        }

        context.ParallelRange(channels, 1, (from, to) =>
        {
            var padded = new PaddedPlane(g, 0);
            var gradients = Scratch.Floats(ScratchUse.Rows, (long)padded.OutputWidth * g.Windows[1]);
            var sums = Scratch.Floats(ScratchUse.Tile, Math.Max(g.Taps, GemmTile.Rows * GemmTile.Lanes / GemmTile.Vector) * GemmTile.Vector);
            for (var c = from; c < to; c++)
            {
                new Span<float>(sums, g.Taps * GemmTile.Vector).Clear();
                for (var image = 0; image < g.Batch; image++)
                {
                    var plane = ((long)image * channels) + c;
                    padded.Fill(x + (plane * g.PlaneSize));
                    for (var i = 0; i < g.Windows[1]; i++)
                        CopyRow(dY + (plane * g.WindowCount) + (i * g.Windows[2]), g.Windows[2], gradients + (i * padded.OutputWidth));
                    for (var tap = 0; tap < g.Taps; tap++)
                    {
                        Products(gradients, padded.OutputWidth, padded.At(0, tap), padded.RowStride, g.Windows[1], padded.OutputWidth, sums + (tap * GemmTile.Vector));
                    }
                }

                for (var tap = 0; tap < g.Taps; tap++)
                    dW[(c * g.Taps) + tap] = Vector512.Sum(Vector512.Load(sums + (tap * GemmTile.Vector)));
            }
        });
    }

    private static void Row(PaddedPlane padded, float** taps, int i, float* w, float bias, float* y, int count)
    {
        for (var tap = 0; tap < padded.Taps; tap++)
            taps[tap] = padded.At(i, tap);
        if (padded.IsThreeByThree)
            Row3(taps[0], taps[3], taps[6], (nint)(taps[1] - taps[0]), (nint)(taps[2] - taps[0]), w, bias, y, count);
        else
            RowOf(taps, padded.Taps, w, bias, y, count);
    }

    // Copies numbers, and zeros up to a whole vector.
    private static void CopyRow(float* from, int count, float* to)
    {
        for (var i = 0; i < count; i += GemmTile.Vector)
            Lanes.Load(from + i, count - i).Store(to + i);
    }

    /// <summary>Nine taps of a row of windows, whose weights stay in registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Row3(float* r0, float* r1, float* r2, nint second, nint third, float* w, float bias, float* y, int count)
    {
        Vector512<float> w00 = Vector512.Create(w[0]), w01 = Vector512.Create(w[1]), w02 = Vector512.Create(w[2]);
        Vector512<float> w10 = Vector512.Create(w[3]), w11 = Vector512.Create(w[4]), w12 = Vector512.Create(w[5]);
        Vector512<float> w20 = Vector512.Create(w[6]), w21 = Vector512.Create(w[7]), w22 = Vector512.Create(w[8]);
        var b = Vector512.Create(bias);
        for (nint x = 0; x < count; x += Vector512<float>.Count)
        {
            var upper = Vector512.FusedMultiplyAdd(w02, Vector512.Load(r0 + third + x),
                Vector512.FusedMultiplyAdd(w01, Vector512.Load(r0 + second + x), Vector512.FusedMultiplyAdd(w00, Vector512.Load(r0 + x), b)));
            var middle = Vector512.FusedMultiplyAdd(w12, Vector512.Load(r1 + third + x),
                Vector512.FusedMultiplyAdd(w11, Vector512.Load(r1 + second + x), w10 * Vector512.Load(r1 + x)));
            var lower = Vector512.FusedMultiplyAdd(w22, Vector512.Load(r2 + third + x),
                Vector512.FusedMultiplyAdd(w21, Vector512.Load(r2 + second + x), w20 * Vector512.Load(r2 + x)));
            Lanes.Store(upper + middle + lower, y + x, count - x);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RowOf(float** taps, int tapCount, float* w, float bias, float* y, int count)
    {
        for (nint x = 0; x < count; x += Vector512<float>.Count)
        {
            var sum = Vector512.Create(bias);
            for (var tap = 0; tap < tapCount; tap++)
                sum = Vector512.FusedMultiplyAdd(Vector512.Create(w[tap]), Vector512.Load(taps[tap] + x), sum);
            Lanes.Store(sum, y + x, count - x);
        }
    }

    // sum[lane] += Σ a[row, lane] b[row, lane], two rows at a time so that no sum waits for the one before.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Products(float* a, nint aStride, float* b, nint bStride, int rows, int count, float* sum)
    {
        Vector512<float> even = Vector512.Load(sum), odd = default;
        var row = 0;
        for (; row < rows - 1; row += 2, a += 2 * aStride, b += 2 * bStride)
        {
            for (nint x = 0; x < count; x += Vector512<float>.Count)
            {
                even = Vector512.FusedMultiplyAdd(Vector512.Load(a + x), Vector512.Load(b + x), even);
                odd = Vector512.FusedMultiplyAdd(Vector512.Load(a + aStride + x), Vector512.Load(b + bStride + x), odd);
            }
        }

        for (nint x = 0; row < rows && x < count; x += Vector512<float>.Count)
            even = Vector512.FusedMultiplyAdd(Vector512.Load(a + x), Vector512.Load(b + x), even);
        (even + odd).Store(sum);
    }
}
