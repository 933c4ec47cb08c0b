using Sema.Onnx.Graphs;
using static Sema.Onnx.Runtime.Kernels.ConvGeometry;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>
/// dX = dY ∗ᵀ W with strides. The elements of X that lie a stride apart are met by the same taps, so each such phase of X is a convolution of dY,
/// without strides, with those taps turned round.
/// </summary>
internal sealed unsafe class ConvInputGrad(KernelAttributes attributes) : Kernel
{
    internal static readonly KernelDefinition Definition =
        new("ConvInputGrad", [ElementType.Float32, ElementType.Float32], [ElementType.Float32], attributes => new ConvInputGrad(attributes));

    private readonly int[] _kernel = attributes.Ints("kernel_shape"), _pads = attributes.Ints("pads"), _unread = attributes.Ints("output_padding");
    private readonly int[] _strides = attributes.Ints("strides"), _dilations = attributes.Ints("dilations");
    private readonly int _groups = attributes.Int("group");

    internal override void Compute(KernelContext context)
    {
        KernelTensor dY = context.Input(0), w = context.Input(1);
        var axes = _kernel.Length;
        int[] sizes = [.. _kernel.Select((k, i) => ((dY.Sizes[2 + i] - 1) * _strides[i]) + ((k - 1) * _dilations[i]) + 1 + _unread[i] - _pads[i] - _pads[axes + i])];
        var channels = w.Sizes[1];
        var dX = context.Output(0, [dY.Sizes[0], channels * _groups, .. sizes]);
        if (dX.Count == 0)
            return;
        var (plane, strides) = (Three(sizes, 1), Three(_strides, 1));
        var phases = Phases(strides, plane).Select(at => (at.Z, at.Y, at.X, Axes: (Axis[])[Of(0, at.Z), Of(1, at.Y), Of(2, at.X)])).ToList();

        // Elements that no window reads have no gradient.
        if (phases.Any(p => p.Axes.Any(a => a.Taps == 0)))
            context.ParallelRange(dX.Count, 1 << 16, (from, to) => new Span<float>(dX.Floats + from, (int)(to - from)).Clear());
        foreach (var (z, y, x, phase) in phases.Where(p => p.Axes.All(a => a.Taps > 0)))
        {
            var geometry = new ConvGeometry(dY.Sizes[0], dY.Sizes[1] / _groups, Three(dY.Sizes[2..], 1), [.. phase.Select(a => a.Windows)],
                [.. phase.Select(a => a.Taps)], [1, 1, 1], [.. phase.Select(a => a.Dilation)], [.. phase.Select(a => a.Before)]);
            var placement = new ConvPlacement(geometry.Windows, plane, strides, [z, y, x]);
            var weights = TurnedWeights.Make(context, w, _groups, Taps(phase));
            if (DepthwiseConvolution.Fits(geometry, channels))
                DepthwiseConvolution.Forward(context, geometry, placement, _groups, dY.Floats, weights, null, dX.Floats);
            else
                ConvProduct.Run(context, geometry, placement, _groups, dY.Floats, weights, channels, null, dX.Floats);
        }

        Axis Of(int axis, int first) => Phase(plane[axis], first, Three(_kernel, 1)[axis], strides[axis], Three(_dilations, 1)[axis], Three(_pads[..axes], 0)[axis]);
    }

    private static IEnumerable<(int Z, int Y, int X)> Phases(int[] strides, int[] plane) =>
        from z in Enumerable.Range(0, Math.Min(strides[0], plane[0]))
        from y in Enumerable.Range(0, Math.Min(strides[1], plane[1]))
        from x in Enumerable.Range(0, Math.Min(strides[2], plane[2]))
        select (z, y, x);

    // Element first + i·stride of X is met by tap t of window q where q·stride − before + t·dilation is its place: q = i + (first + before − t·dilation)/stride.
    private static Axis Phase(int size, int first, int kernel, int stride, int dilation, int before)
    {
        var taps = Enumerable.Range(0, kernel).Where(t => (first + before - (t * dilation)) % stride == 0).ToArray();
        var windows = (size - first + stride - 1) / stride;
        if (taps.Length == 0)
            return new(windows, 0, 0, 0, 1, 0);
        var step = taps.Length > 1 ? taps[1] - taps[0] : 1;

        // The last tap meets the first of the windows.
        return new(windows, taps.Length, taps[0], step, taps.Length > 1 ? step * dilation / stride : 1, -(first + before - (taps[^1] * dilation)) / stride);
    }

    // The phase's taps, from the last to the first.
    private int[] Taps(Axis[] phase)
    {
        var kernel = Three(_kernel, 1);
        return [.. from z in phase[0].FromLast from y in phase[1].FromLast from x in phase[2].FromLast select (((z * kernel[1]) + y) * kernel[2]) + x];
    }

    /// <summary>One axis of a phase.</summary>
    /// <param name="Windows">How many elements of X it has.</param>
    /// <param name="Taps">How many taps meet them.</param>
    /// <param name="First">The first of those taps.</param>
    /// <param name="Step">The distance between them.</param>
    /// <param name="Dilation">The distance between the elements of dY that neighbouring taps bring.</param>
    /// <param name="Before">The padding before dY.</param>
    private readonly record struct Axis(int Windows, int Taps, int First, int Step, int Dilation, int Before)
    {
        internal IEnumerable<int> FromLast
        {
            get
            {
                var (first, step) = (First, Step);
                return Enumerable.Range(0, Taps).Select(i => first + (i * step)).Reverse();
            }
        }
    }
}
