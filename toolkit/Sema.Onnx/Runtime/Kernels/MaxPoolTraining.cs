using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>The maximum of each window and the place of the first element that has it, 16 windows side by side.</summary>
/// <remarks>A NaN in a window is its maximum, as in PyTorch; ONNX Runtime's operator passes over it.</remarks>
internal sealed unsafe class MaxPoolTraining(KernelAttributes attributes) : Kernel
{
    internal static readonly KernelDefinition Definition =
        new("MaxPoolTraining", [ElementType.Float32], [ElementType.Float32, ElementType.Int64], node => new MaxPoolTraining(node));

    private readonly int[] _kernel = attributes.Ints("kernel_shape"), _strides = attributes.Ints("strides"), _pads = attributes.Ints("pads");

    internal override void Compute(KernelContext context)
    {
        var x = context.Input(0);
        var g = ConvGeometry.Of(x.Sizes, _kernel, _strides, _pads, [.. _kernel.Select(_ => 1)]);
        Require(_kernel.Length <= 2 && g.Before.All(b => b >= 0), "MaxPoolTraining takes one or two spatial axes, and no negative padding.");
        int[] sizes = [.. x.Sizes[..2], .. g.Windows[(3 - _kernel.Length)..]];
        KernelTensor y = context.Output(0, sizes), places = context.Output(1, sizes);
        Require(places.Data != 0 || y.Count == 0, "MaxPoolTraining: the places are left out, and a pooling without them has another operator.");
        context.ParallelRange((long)g.Batch * g.Channels, Math.Max(1, (1 << 13) / Math.Max(1, g.PlaneSize)), (from, to) =>
        {
            var padded = new PaddedPlane(g, float.NegativeInfinity);
            var taps = (float**)Scratch.Floats(ScratchUse.Offsets, 2L * g.Taps);
            var at = (int*)Scratch.Floats(ScratchUse.Tile, g.Taps);
            for (var plane = from; plane < to; plane++)
            {
                padded.Fill(x.Floats + (plane * g.PlaneSize));
                for (var row = 0; row < g.Windows[1]; row++)
                {
                    var first = (row * g.Strides[1]) - g.Before[1];
                    for (var tap = 0; tap < g.Taps; tap++)
                    {
                        taps[tap] = padded.At(row, tap);
                        at[tap] = ((first + (tap / g.Kernel[2])) * g.Plane[2]) + (tap % g.Kernel[2]);
                    }

                    var window = (plane * g.WindowCount) + (row * g.Windows[2]);
                    Row(taps, at, g.Taps, Math.Max(0, first) * g.Plane[2], g.Strides[2], g.Before[2], plane * g.PlaneSize, y.Floats + window, places.Longs + window, g.Windows[2]);
                }
            }
        });
    }

    // The padding is less than any number; where nothing is more than it, the window's first element counts.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row(float** taps, int* at, int tapCount, int first, int stride, int before, long plane, float* y, long* places, int count)
    {
        var columns = (Vector512<int>.Indices * stride) - Vector512.Create(before);
        for (var x = 0; x < count; x += Vector512<int>.Count)
        {
            var (most, place) = (Vector512.Create(float.NegativeInfinity), Vector512.Max(columns, Vector512<int>.Zero) + Vector512.Create(first));
            for (var tap = 0; tap < tapCount; tap++)
            {
                var number = Vector512.Load(taps[tap] + x);
                var more = Vector512.GreaterThan(number, most) | Vector512.IsNaN(number);
                most = Vector512.ConditionalSelect(more, number, most);
                place = Vector512.ConditionalSelect(more.AsInt32(), columns + Vector512.Create(at[tap]), place);
            }

            Lanes.Store(most, y + x, count - x);
            var (lower, upper) = Vector512.Widen(place);
            Lanes.Store((lower + Vector512.Create(plane)).AsSingle(), (float*)(places + x), 2L * (count - x));
            Lanes.Store((upper + Vector512.Create(plane)).AsSingle(), (float*)(places + x + 8), (2L * (count - x)) - Vector512<float>.Count);
            columns += Vector512.Create(Vector512<int>.Count * stride);
        }
    }
}
