using System.Numerics.Tensors;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>
/// dW[o, (c, tap)] = Σ dY[n, o, q] · what window q sees of X[n, c]: a matrix product over all windows of the batch, some of them at a time, which
/// are gathered into a core's cache. Its rows are (c, tap), its lanes outputs.
/// </summary>
internal sealed unsafe class ConvWeightGrad(KernelAttributes attributes) : Kernel
{
    // Sums that stay in a core's second-level cache beside the windows: so many of each thread's own, or of some channels at a time.
    private const int FewSums = 1 << 18;
    private const int SumsAtOnce = 1 << 17;

    private readonly int[] _kernel = attributes.Ints("kernel_shape"), _pads = attributes.Ints("pads");
    private readonly int[] _strides = attributes.Ints("strides"), _dilations = attributes.Ints("dilations");
    private readonly int _groups = attributes.Int("group");

    internal static IEnumerable<KernelDefinition> Definitions => [Definition("ConvWeightGrad1D"), Definition("ConvWeightGrad"), Definition("ConvWeightGrad3D")];

    internal override void Compute(KernelContext context)
    {
        KernelTensor x = context.Input(0), dY = context.Input(1);
        Require(_groups > 0 && x.Sizes.Length > 2 && dY.Sizes.Length > 2 && x.Sizes[1] % _groups == 0 && dY.Sizes[1] % _groups == 0,
            "ConvWeightGrad: the channels do not come in such groups.");
        var (channels, outputs) = (x.Sizes[1] / _groups, dY.Sizes[1] / _groups);
        var g = ConvGeometry.Of([x.Sizes[0], channels, .. x.Sizes[2..]], _kernel, _strides, _pads, _dilations);
        Require(dY.Sizes.AsSpan().SequenceEqual([x.Sizes[0], dY.Sizes[1], .. g.Windows[(3 - _kernel.Length)..]]), "ConvWeightGrad: dY has not the sizes that the windows have.");
        var dW = context.Output(0, [dY.Sizes[1], channels, .. _kernel]);
        ConvGeometry.CheckWeights(x.Sizes, dW.Sizes, _kernel, _groups);
        if (dW.Count == 0)
            return;
        if (dY.Count == 0)
            new Span<float>(dW.Floats, (int)dW.Count).Clear();
        else if (DepthwiseConvolution.Fits(g, outputs))
            DepthwiseConvolution.WeightGrad(context, g, _groups, x.Floats, dY.Floats, dW.Floats);
        else if (WinogradTiles.Pays(g, outputs))
            WinogradWeightGrad.Run(context, g, _groups, x.Floats, dY.Floats, outputs, dW.Floats);
        else if ((long)channels * g.Taps * outputs <= FewSums)
        {
            // What becomes lanes is transposed: of windows of one element, the smaller side.
            if (outputs > channels && g.Taps == 1 && g.Strides.All(s => s == 1) && g.Windows.SequenceEqual(g.Plane) && g.Before.All(b => b == 0))
                ByWindows(context, g with { Channels = outputs }, dY.Floats, x.Floats, channels, dW.Floats, exchanged: true);
            else
                ByWindows(context, g, x.Floats, dY.Floats, outputs, dW.Floats, exchanged: false);
        }
        else
            ByChannels(context, g, x.Floats, dY.Floats, outputs, dW.Floats);
    }

    private static KernelDefinition Definition(string name) =>
        new(name, [ElementType.Float32, ElementType.Float32], [ElementType.Float32], attributes => new ConvWeightGrad(attributes));

    // Threads share out the windows, each with sums of its own.
    private void ByWindows(KernelContext context, ConvGeometry g, float* x, float* dY, int outputs, float* dW, bool exchanged)
    {
        var band = ImageBand.Pays(g, outputs) ? new ImageBand(g, Math.Clamp(Environment.ProcessorCount / g.Batch, 1, g.Windows[1])) : null;
        var pieces = band != null ? g.Batch * band.Bands : Blocks(g);
        var splits = Math.Clamp(Environment.ProcessorCount / _groups, 1, pieces);
        int depth = g.Channels * g.Taps, lanes = ConvGradients.LanesOf(outputs);
        var each = (long)ConvWeightSums.AllRowsOf(g) * lanes;
        var sums = Scratch.Floats(ScratchUse.Sums, _groups * splits * each);
        context.Parallel(_groups * splits, piece =>
        {
            var (group, split) = Math.DivRem(piece, splits);
            var gradients = new ConvGradients(g, _groups, group, dY, outputs);
            var task = new ConvWeightSums(g, _groups, group, x, outputs, sums + (piece * each));
            var (first, last) = (pieces * split / splits, pieces * (split + 1) / splits);
            if (band != null)
                task.Bands(band, first, last, gradients);
            else
                task.Blocks(first, last, gradients);
        });
        context.Parallel(_groups, group =>
        {
            var first = sums + (group * splits * each);
            for (var split = 1; split < splits; split++)
                TensorPrimitives.Add(new(first, depth * lanes), new ReadOnlySpan<float>(first + (split * each), depth * lanes), new Span<float>(first, depth * lanes));
            var to = dW + ((long)group * outputs * depth);
            if (!exchanged)
                Transposition.Run(first, lanes, depth, outputs, to, depth);
            for (var row = 0; exchanged && row < depth; row++)
                new ReadOnlySpan<float>(first + ((long)row * lanes), outputs).CopyTo(new(to + ((long)row * outputs), outputs));
        });
    }

    // Threads share out the channels; the sums of a few are finished over all windows before the next ones'.
    private void ByChannels(KernelContext context, ConvGeometry g, float* x, float* dY, int outputs, float* dW)
    {
        int lanes = ConvGradients.LanesOf(outputs), blocks = Blocks(g);
        long block = ConvGradients.Windows * lanes;
        var gathered = Scratch.Floats(ScratchUse.Sums, _groups * blocks * block);
        context.Parallel(_groups * blocks, piece =>
            new ConvGradients(g, _groups, piece / blocks, dY, outputs).Gather((long)(piece % blocks) * ConvGradients.Windows, gathered + (piece * block)));

        var chunk = Math.Clamp(SumsAtOnce / (lanes * g.Taps), 1, ConvWeightSums.Channels(g));
        var chunks = (g.Channels + chunk - 1) / chunk;
        context.Parallel(_groups * chunks, piece =>
        {
            var (group, number) = Math.DivRem(piece, chunks);
            var (first, count) = (number * chunk, Math.Min(chunk, g.Channels - (number * chunk)));
            var sums = Scratch.Floats(ScratchUse.Tile, (long)ConvWeightSums.RowsOf(g, count) * lanes);
            new ConvWeightSums(g, _groups, group, x, outputs, sums).Few(first, count, gathered + (group * blocks * block));
            Transposition.Run(sums, lanes, count * g.Taps, outputs, dW + ((((long)group * outputs * g.Channels) + first) * g.Taps), g.Channels * g.Taps);
        });
    }

    private static int Blocks(ConvGeometry g) => (int)((((long)g.Batch * g.WindowCount) + ConvGradients.Windows - 1) / ConvGradients.Windows);
}
