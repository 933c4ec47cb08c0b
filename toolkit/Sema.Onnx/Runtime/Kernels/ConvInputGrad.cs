using Sema.Onnx.Graphs;

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
        var whole = true;
        foreach (var (z, y, x) in Phases(strides, plane))
        {
            Axis[] phase = [Of(0, z), Of(1, y), Of(2, x)];
            if (phase.Any(a => a.Taps == 0))
            {
                whole = false;
                continue;
            }

            var geometry = new ConvGeometry(dY.Sizes[0], dY.Sizes[1] / _groups, Three(dY.Sizes[2..], 1), [.. phase.Select(a => a.Windows)],
                [.. phase.Select(a => a.Taps)], [1, 1, 1], [.. phase.Select(a => a.Dilation)], [.. phase.Select(a => a.Before)]);
            var placement = new ConvPlacement(geometry.Windows, plane, strides, [z, y, x]);
            var weights = Turned(context, w, phase);
            if (DepthwiseConvolution.Fits(geometry, channels))
                DepthwiseConvolution.Forward(context, geometry, placement, _groups, dY.Floats, weights, null, dX.Floats);
            else
                ConvProduct.Run(context, geometry, placement, _groups, dY.Floats, weights, channels, null, dX.Floats);
        }

        if (!whole)
            ClearUnmet(dX, plane, strides);

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

    private static int[] Three(int[] axes, int missing) => [.. Enumerable.Repeat(missing, 3 - axes.Length), .. axes];

    // W[g·O + o, c, tap] as W'[g·C + c, o, the phase's taps from the last to the first]
    private float* Turned(KernelContext context, KernelTensor w, Axis[] phase)
    {
        var (taps, outputs, channels, kernel) = ((int)w.Product(2, w.Sizes.Length), w.Sizes[0] / _groups, w.Sizes[1], Three(_kernel, 1));
        int[] kept = [.. from z in phase[0].FromLast from y in phase[1].FromLast from x in phase[2].FromLast select (((z * kernel[1]) + y) * kernel[2]) + x];
        float* from = w.Floats, to = Scratch.Floats(ScratchUse.Weights, (long)_groups * channels * outputs * kept.Length);
        context.ParallelRange((long)_groups * channels, Math.Max(1, (1 << 14) / (outputs * kept.Length)), (first, last) =>
        {
            for (var row = first; row < last; row++)
            {
                var (group, c) = Math.DivRem(row, channels);
                for (var o = 0; o < outputs; o++)
                {
                    for (var i = 0; i < kept.Length; i++)
                        to[(((row * outputs) + o) * kept.Length) + i] = from[(((((group * outputs) + o) * channels) + c) * taps) + kept[i]];
                }
            }
        });
        return to;
    }

    // Elements that no window reads have no gradient.
    private void ClearUnmet(KernelTensor dX, int[] plane, int[] strides)
    {
        var (kernel, dilations, before) = (Three(_kernel, 1), Three(_dilations, 1), Three(_pads[.._kernel.Length], 0));
        var met = Enumerable.Range(0, 3).Select(axis => Enumerable.Range(0, plane[axis])
            .Select(p => Phase(plane[axis], p % strides[axis], kernel[axis], strides[axis], dilations[axis], before[axis]).Taps > 0).ToArray()).ToArray();
        var planes = dX.Product(0, 2);
        for (var i = 0L; i < planes; i++)
        {
            var at = dX.Floats + (i * plane[0] * plane[1] * plane[2]);
            for (var row = 0; row < plane[0] * plane[1]; row++, at += plane[2])
            {
                var rowMet = met[0][row / plane[1]] && met[1][row % plane[1]];
                for (var x = 0; x < plane[2]; x++)
                {
                    if (!rowMet || !met[2][x])
                        at[x] = 0;
                }
            }
        }
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
