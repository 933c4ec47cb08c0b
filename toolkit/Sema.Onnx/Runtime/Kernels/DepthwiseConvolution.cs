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
        g.Channels == 1 && outputs == 1 && g.Kernel[0] == 1 && g.Plane[0] == 1 && g.Before.All(b => b >= 0) && g.Windows[0] == 1 && new PaddedPlane(g).Size <= 1 << 16;

    /// <summary>Y[n, c] = X[n, c] ∗ W[c] + b[c].</summary>
    internal static void Forward(KernelContext context, ConvGeometry g, ConvPlacement placement, int channels, float* x, float* w, float* bias, float* y) =>
        context.ParallelRange((long)g.Batch * channels, 1, (from, to) =>
        {
            var padded = new PaddedPlane(g);
            var row = Scratch.Floats(ScratchUse.Rows, padded.OutputWidth);
            for (var plane = from; plane < to; plane++)
            {
                padded.Fill(x + (plane * g.PlaneSize));
                var c = plane % channels;
                for (var i = 0; i < g.Windows[1]; i++)
                {
                    Row(padded, i, w + (c * g.Taps), bias == null ? 0 : bias[c], row);
                    placement.Put(row, g.Windows[2], 0, y + (plane * placement.PlaneSize) + placement.Of(i * g.Windows[2]).Place);
                }
            }
        });

    /// <summary>dW[c, tap] = Σ over images and windows of dY[n, c, q] X[n, c, what the tap sees].</summary>
    internal static void WeightGrad(KernelContext context, ConvGeometry g, int channels, float* x, float* dY, float* dW) =>
        context.ParallelRange(channels, 1, (from, to) =>
        {
            var padded = new PaddedPlane(g);
            var gradients = Scratch.Floats(ScratchUse.Rows, (long)padded.OutputWidth * g.Windows[1]);
            new Span<float>(gradients, padded.OutputWidth * g.Windows[1]).Clear();
            var sums = Scratch.Floats(ScratchUse.Tile, Math.Max(g.Taps, GemmTile.Rows * GemmTile.Lanes / GemmTile.Vector) * GemmTile.Vector);
            for (var c = from; c < to; c++)
            {
                new Span<float>(sums, g.Taps * GemmTile.Vector).Clear();
                for (var image = 0; image < g.Batch; image++)
                {
                    var plane = ((long)image * channels) + c;
                    padded.Fill(x + (plane * g.PlaneSize));
                    for (var i = 0; i < g.Windows[1]; i++)
                        new Span<float>(dY + (plane * g.WindowCount) + (i * g.Windows[2]), g.Windows[2]).CopyTo(new(gradients + (i * padded.OutputWidth), g.Windows[2]));
                    for (var tap = 0; tap < g.Taps; tap++)
                    {
                        var (ky, kx) = Math.DivRem(tap, g.Kernel[2]);
                        Products(gradients, padded.OutputWidth, padded.At(0, ky, kx), padded.RowStride, g.Windows[1], padded.OutputWidth, sums + (tap * GemmTile.Vector));
                    }
                }

                for (var tap = 0; tap < g.Taps; tap++)
                    dW[(c * g.Taps) + tap] = Vector512.Sum(Vector512.Load(sums + (tap * GemmTile.Vector)));
            }
        });

    private static void Row(PaddedPlane padded, int i, float* w, float bias, float* y)
    {
        var (height, width) = (padded.KernelHeight, padded.KernelWidth);
        if (height == 3 && width == 3)
        {
            nint second = (nint)(padded.At(i, 0, 1) - padded.At(i, 0, 0)), third = (nint)(padded.At(i, 0, 2) - padded.At(i, 0, 0));
            Row3(padded.At(i, 0, 0), padded.At(i, 1, 0), padded.At(i, 2, 0), second, third, w, bias, y, padded.OutputWidth);
            return;
        }

        new Span<float>(y, padded.OutputWidth).Fill(bias);
        for (var ky = 0; ky < height; ky++)
        {
            for (var kx = 0; kx < width; kx++)
                AddScaled(padded.At(i, ky, kx), w[(ky * width) + kx], y, padded.OutputWidth);
        }
    }

    // Nine taps, whose weights stay in registers.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row3(float* r0, float* r1, float* r2, nint second, nint third, float* w, float bias, float* y, int count)
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
            (upper + middle + lower).Store(y + x);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddScaled(float* x, float w, float* y, int count)
    {
        var weight = Vector512.Create(w);
        for (var i = 0; i < count; i += Vector512<float>.Count)
            Vector512.FusedMultiplyAdd(weight, Vector512.Load(x + i), Vector512.Load(y + i)).Store(y + i);
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

    /// <summary>A padded plane in scratch memory: what lies outside stays zero from plane to plane.</summary>
    private sealed class PaddedPlane
    {
        private readonly ConvGeometry _g;
        private readonly int _phaseWidth;
        private float* _data;

        internal PaddedPlane(ConvGeometry g)
        {
            _g = g;
            OutputWidth = (g.Windows[2] + GemmTile.Vector - 1) / GemmTile.Vector * GemmTile.Vector;
            // Full vectors at the last tap stay inside the phase; so do all elements of the image that are copied.
            _phaseWidth = Math.Max(OutputWidth + ((g.Kernel[2] - 1) * g.Dilations[2] / g.Strides[2]), (g.Before[2] + g.Plane[2]) / g.Strides[2]) + 1;
            RowStride = _phaseWidth * g.Strides[2] * g.Strides[1];
            Rows = Math.Max(((g.Windows[1] - 1) * g.Strides[1]) + ((g.Kernel[1] - 1) * g.Dilations[1]), g.Before[1] + g.Plane[1]) + 1;
        }

        internal int OutputWidth { get; }

        /// <summary>Gets the elements from a row of windows to the next.</summary>
        internal nint RowStride { get; }

        internal int Rows { get; }

        internal int KernelHeight => _g.Kernel[1];

        internal int KernelWidth => _g.Kernel[2];

        internal long Size => (long)Rows * _phaseWidth * _g.Strides[2];

        /// <summary>Gets what a tap sees from the first window of a row on.</summary>
        internal float* At(int row, int ky, int kx)
        {
            var (step, phase) = Math.DivRem(kx * _g.Dilations[2], _g.Strides[2]);
            return _data + (((((row * _g.Strides[1]) + (ky * _g.Dilations[1])) * _g.Strides[2]) + phase) * _phaseWidth) + step;
        }

        /// <summary>Takes an image's plane in.</summary>
        internal void Fill(float* plane)
        {
            if (_data == null)
            {
                _data = Scratch.Floats(ScratchUse.Columns, Size);
                new Span<float>(_data, (int)Size).Clear();
            }

            for (var y = 0; y < _g.Plane[1]; y++)
            {
                var from = plane + (y * _g.Plane[2]);
                var to = _data + ((y + _g.Before[1]) * _g.Strides[2] * _phaseWidth);
                if (_g.Strides[2] == 1)
                {
                    new Span<float>(from, _g.Plane[2]).CopyTo(new(to + _g.Before[2], _g.Plane[2]));
                    continue;
                }

                var (column, phase) = Math.DivRem(_g.Before[2], _g.Strides[2]);
                for (var x = 0; x < _g.Plane[2]; x++)
                {
                    to[(phase * _phaseWidth) + column] = from[x];
                    if (++phase == _g.Strides[2])
                        (phase, column) = (0, column + 1);
                }
            }
        }
    }
}
