using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Y = X ∗ W + b, and the gradient of X where strides are 1: a convolution of dY with the windows turned round.</summary>
internal sealed unsafe class Convolution(KernelAttributes attributes, bool turned) : Kernel
{
    internal static readonly KernelDefinition Forward = new("Convolution", [ElementType.Float32, ElementType.Float32, ElementType.Float32], [ElementType.Float32],
        attributes => new Convolution(attributes, turned: false))
    { OptionalInputs = 1 };

    internal static readonly KernelDefinition InputGrad = new("ConvInputGradUnit", [ElementType.Float32, ElementType.Float32], [ElementType.Float32],
        attributes => new Convolution(attributes, turned: true));

    private readonly int[] _kernel = attributes.Ints("kernel_shape"), _pads = attributes.Ints("pads"), _dilations = attributes.Ints("dilations");
    private readonly int[] _strides = turned ? [.. attributes.Ints("pads").Skip(attributes.Ints("kernel_shape").Length).Select(_ => 1)] : attributes.Ints("strides");
    private readonly int _groups = attributes.Int("group");

    internal override void Compute(KernelContext context)
    {
        KernelTensor x = context.Input(0), w = context.Input(1);
        var geometry = ConvGeometry.Of([x.Sizes[0], x.Sizes[1] / _groups, .. x.Sizes[2..]], _kernel, _strides, _pads, _dilations);
        var outputs = turned ? w.Sizes[1] : w.Sizes[0] / _groups;
        var y = context.Output(0, [x.Sizes[0], outputs * _groups, .. geometry.Windows[(3 - _kernel.Length)..]]);
        if (y.Count == 0)
            return;
        var weights = turned ? Turned(context, w, outputs) : w.Floats;
        var bias = turned ? null : context.Optional(2).Floats;
        if (DepthwiseConvolution.Fits(geometry, outputs))
            DepthwiseConvolution.Forward(context, geometry, ConvPlacement.Dense(geometry), _groups, x.Floats, weights, bias, y.Floats);
        else
            ConvProduct.Run(context, geometry, ConvPlacement.Dense(geometry), _groups, x.Floats, weights, outputs, bias, y.Floats);
    }

    // W[g·O + o, c, tap] as W'[g·C + c, o, last − tap]
    private float* Turned(KernelContext context, KernelTensor w, int channels)
    {
        var (taps, outputs) = ((int)w.Product(2, w.Sizes.Length), w.Sizes[0] / _groups);
        float* from = w.Floats, to = Scratch.Floats(ScratchUse.Weights, w.Count);
        context.ParallelRange(_groups * channels, Math.Max(1, (1 << 14) / (outputs * taps)), (first, last) =>
        {
            for (var row = first; row < last; row++)
            {
                var (group, c) = Math.DivRem(row, channels);
                var out0 = to + (row * outputs * taps);
                for (var o = 0; o < outputs; o++)
                {
                    var in0 = from + (((((group * outputs) + o) * channels) + c) * taps);
                    for (var tap = 0; tap < taps; tap++)
                        out0[(o * taps) + tap] = in0[taps - 1 - tap];
                }
            }
        });
        return to;
    }
}
