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
        var (axes, channels) = (_kernel.Length, w.Sizes[1]);
        int[] sizes = [.. _kernel.Select((k, i) => checked(((dY.Sizes[2 + i] - 1) * _strides[i]) + ((k - 1) * _dilations[i]) + 1 + _unread[i] - _pads[i] - _pads[axes + i]))];
        ConvGeometry.CheckWeights([dY.Sizes[0], checked(channels * _groups)], w.Sizes, _kernel, _groups);
        var windows = ConvGeometry.Of([dY.Sizes[0], channels, .. sizes], _kernel, _strides, _pads, _dilations).Windows;
        Require(dY.Sizes.AsSpan(1).SequenceEqual([w.Sizes[0], .. windows[(3 - axes)..]]), $"ConvInputGrad: dY has the sizes [{string.Join(", ", dY.Sizes)}], which the windows have not.");
        var dX = context.Output(0, [dY.Sizes[0], channels * _groups, .. sizes]);
        if (dX.Count == 0)
            return;
        var (plane, strides) = (Three(sizes, 1), Three(_strides, 1));
        if (channels == 1 && w.Sizes[0] == _groups && axes == 2 && plane[1] > 1 && plane[2] > 1 && _strides is [2, 2])
        {
            ConvAxisPhase[] rows = [Of(1, 0), Of(1, 1)], columns = [Of(2, 0), Of(2, 1)];
            new DepthwiseInputGrad(dY.Sizes[0], dY.Sizes[2..], sizes, rows, columns, _kernel[1]).Run(context, _groups, dY.Floats, w.Floats, _kernel[0] * _kernel[1], dX.Floats);
            return;
        }

        var phases = Phases(strides, plane).Select(at => (at.Z, at.Y, at.X, Axes: (ConvAxisPhase[])[Of(0, at.Z), Of(1, at.Y), Of(2, at.X)])).ToList();

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

        ConvAxisPhase Of(int axis, int first) => ConvAxisPhase.Of(plane[axis], first, Three(_kernel, 1)[axis], strides[axis], Three(_dilations, 1)[axis], Three(_pads[..axes], 0)[axis]);
    }

    private static IEnumerable<(int Z, int Y, int X)> Phases(int[] strides, int[] plane) =>
        from z in Enumerable.Range(0, Math.Min(strides[0], plane[0]))
        from y in Enumerable.Range(0, Math.Min(strides[1], plane[1]))
        from x in Enumerable.Range(0, Math.Min(strides[2], plane[2]))
        select (z, y, x);

    // The phase's taps, from the last to the first.
    private int[] Taps(ConvAxisPhase[] phase)
    {
        var kernel = Three(_kernel, 1);
        return [.. from z in phase[0].FromLast from y in phase[1].FromLast from x in phase[2].FromLast select (((z * kernel[1]) + y) * kernel[2]) + x];
    }
}
