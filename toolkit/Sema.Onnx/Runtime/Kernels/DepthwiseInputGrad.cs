using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>
/// dX of a depthwise convolution with strides of 2: dY's plane is padded once, and each row of dX is written once, its even and its odd elements,
/// which different taps meet, side by side.
/// </summary>
internal sealed unsafe class DepthwiseInputGrad
{
    private readonly ConvAxisPhase[] _rows, _columns;
    private readonly ConvGeometry _g;
    private readonly int _before0, _before1, _kernelWidth, _height, _width;

    /// <summary>Plans the gradient.</summary>
    /// <param name="batch">Images.</param>
    /// <param name="plane">The sizes of dY.</param>
    /// <param name="to">The sizes of dX.</param>
    /// <param name="rows">The phases of dX's rows.</param>
    /// <param name="columns">The phases of dX's columns.</param>
    /// <param name="kernelWidth">The taps of a row of the window.</param>
    internal DepthwiseInputGrad(int batch, int[] plane, int[] to, ConvAxisPhase[] rows, ConvAxisPhase[] columns, int kernelWidth)
    {
        (_rows, _columns, _kernelWidth, _height, _width) = (rows, columns, kernelWidth, to[0], to[1]);
        (_before0, _before1) = (Before(rows), Before(columns));

        // Windows of every phase, over padding that is enough for each.
        int[] kernel = [1, Reach(rows, _before0), Reach(columns, _before1)];
        _g = new(batch, 1, [1, .. plane], [1, rows.Max(p => p.Windows), columns.Max(p => p.Windows)], kernel, [1, 1, 1], [1, 1, 1], [0, _before0, _before1]);
    }

    /// <summary>Computes dX.</summary>
    internal void Run(KernelContext context, int channels, float* dY, float* w, int taps, float* dX) =>
        context.ParallelRange((long)_g.Batch * channels, 1, (from, to) =>
        {
            var padded = new PaddedPlane(_g, 0);
            var sources = (float**)Scratch.Floats(ScratchUse.Offsets, 2L * taps);
            var weights = Scratch.Floats(ScratchUse.Tile, taps);
            for (var plane = from; plane < to; plane++)
            {
                padded.Fill(dY + (plane * _g.PlaneSize));
                var kernel = w + (plane % channels * taps);
                for (var phase = 0; phase < 2; phase++)
                {
                    var evens = Meet(padded, _rows[phase], _columns[0], kernel, sources, weights);
                    var all = evens + Meet(padded, _rows[phase], _columns[1], kernel, sources + evens, weights + evens);
                    for (var y = phase; y < _height; y += 2)
                    {
                        Row(sources, weights, evens, all, dX + (((plane * _height) + y) * _width), _width);
                        for (var tap = 0; tap < all; tap++)
                            sources[tap] += padded.RowStride;
                    }
                }
            }
        });

    private static int Before(ConvAxisPhase[] phases) => Math.Max(0, phases.Where(p => p.Taps > 0).Select(p => p.Before).DefaultIfEmpty(0).Max());

    private static int Reach(ConvAxisPhase[] phases, int before) =>
        phases.Where(p => p.Taps > 0).Select(p => ((p.Taps - 1) * p.Dilation) + before - p.Before + 1).DefaultIfEmpty(1).Max();

    // Which elements of dY the first row's windows see, and by which weights: taps from the last to the first.
    private int Meet(PaddedPlane padded, ConvAxisPhase row, ConvAxisPhase column, float* kernel, float** sources, float* weights)
    {
        var count = 0;
        for (var a = 0; a < row.Taps; a++)
        {
            for (var b = 0; b < column.Taps; b++, count++)
            {
                sources[count] = padded.At(0, (((a * row.Dilation) + _before0 - row.Before) * _g.Kernel[2]) + (b * column.Dilation) + _before1 - column.Before);
                weights[count] = kernel[((row.First + ((row.Taps - 1 - a) * row.Step)) * _kernelWidth) + column.First + ((column.Taps - 1 - b) * column.Step)];
            }
        }

        return count;
    }

    // Even and odd elements are sums of taps of their own, and written in turns.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row(float** sources, float* weights, int evens, int all, float* to, int count)
    {
        var turns = (Vector512<int>.Indices >> 1) + ((Vector512<int>.Indices & Vector512<int>.One) << 4);
        for (nint x = 0; 2 * x < count; x += GemmTile.Vector)
        {
            Vector512<float> even = default, odd = default;
            for (var tap = 0; tap < evens; tap++)
                even = Vector512.FusedMultiplyAdd(Vector512.Create(weights[tap]), Vector512.Load(sources[tap] + x), even);
            for (var tap = evens; tap < all; tap++)
                odd = Vector512.FusedMultiplyAdd(Vector512.Create(weights[tap]), Vector512.Load(sources[tap] + x), odd);
            Lanes.Store(Lanes.Choose(even, turns, odd), to + (2 * x), count - (2 * x));
            Lanes.Store(Lanes.Choose(even, turns + Vector512.Create(8), odd), to + (2 * x) + GemmTile.Vector, count - (2 * x) - GemmTile.Vector);
        }
    }
}
