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
        KernelTensor x = context.Input(0), w = context.Input(1), b = turned ? default : context.Optional(2);
        ConvGeometry.CheckWeights(x.Sizes, turned ? Exchanged(w.Sizes) : w.Sizes, _kernel, _groups);
        Require(b.Sizes is null || b.Count == w.Sizes[0], "The bias of a convolution has not as many numbers as there are outputs.");
        var geometry = ConvGeometry.Of([x.Sizes[0], x.Sizes[1] / _groups, .. x.Sizes[2..]], _kernel, _strides, _pads, _dilations);
        var outputs = turned ? w.Sizes[1] : w.Sizes[0] / _groups;
        var y = context.Output(0, [x.Sizes[0], outputs * _groups, .. geometry.Windows[(3 - _kernel.Length)..]]);
        if (y.Count == 0)
            return;
        if (WinogradTiles.Pays(geometry, outputs))
        {
            WinogradConvolution.Run(context, geometry, _groups, x.Floats, w.Floats, turned, outputs, b.Floats, y.Floats);
            return;
        }

        var weights = turned ? TurnedWeights.Make(context, w, _groups, [.. Enumerable.Range(0, geometry.Taps).Reverse()]) : w.Floats;
        if (DepthwiseConvolution.Fits(geometry, outputs))
            DepthwiseConvolution.Forward(context, geometry, ConvPlacement.Dense(geometry), _groups, x.Floats, weights, b.Floats, y.Floats);
        else
            ConvProduct.Run(context, geometry, ConvPlacement.Dense(geometry), _groups, x.Floats, weights, outputs, b.Floats, y.Floats);
    }

    // The gradient of X reads dY where the convolution wrote outputs: [group · outputs, channels, ..] is seen as [group · channels, outputs, ..].
    private int[] Exchanged(int[] w) => w.Length < 2 || _groups <= 0 ? w : [checked(w[1] * _groups), w[0] / _groups, .. w[2..]];
}
