using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>
/// dW[o, (c, tap)] = Σ dY[n, o, q] · what window q sees of X[n, c]: a matrix product over all windows of the batch, some hundreds at a time, which
/// are gathered into a core's cache. Its rows are (c, tap), its lanes outputs.
/// </summary>
internal sealed unsafe class ConvWeightGrad(KernelAttributes attributes) : Kernel
{
    // Windows and rows that are gathered at a time: they stay in a core's second-level cache, and the other side in its first-level one.
    private const int Windows = 128;
    private const int RowsAtOnce = 288;

    private const long FewSums = 1 << 18;

    private readonly int[] _kernel = attributes.Ints("kernel_shape"), _pads = attributes.Ints("pads");
    private readonly int[] _strides = attributes.Ints("strides"), _dilations = attributes.Ints("dilations");
    private readonly int _groups = attributes.Int("group");

    internal static IEnumerable<KernelDefinition> Definitions => [Definition("ConvWeightGrad1D"), Definition("ConvWeightGrad"), Definition("ConvWeightGrad3D")];

    internal override void Compute(KernelContext context)
    {
        KernelTensor x = context.Input(0), dY = context.Input(1);
        var (channels, outputs) = (x.Sizes[1] / _groups, dY.Sizes[1] / _groups);
        var g = ConvGeometry.Of([x.Sizes[0], channels, .. x.Sizes[2..]], _kernel, _strides, _pads, _dilations);
        var dW = context.Output(0, [dY.Sizes[1], channels, .. _kernel]);
        if (dW.Count == 0)
            return;

        if (DepthwiseConvolution.Fits(g, outputs))
        {
            DepthwiseConvolution.WeightGrad(context, g, _groups, x.Floats, dY.Floats, dW.Floats);
            return;
        }

        // Threads share out the windows, each with sums of its own; where sums are large, the channels instead.
        var parts = (long)channels * g.Taps * outputs <= FewSums ? 1 : Math.Min(channels, Environment.ProcessorCount);
        var blocks = (int)((((long)g.Batch * g.WindowCount) + Windows - 1) / Windows);
        var splits = Math.Clamp(Environment.ProcessorCount / (parts * _groups), 1, Math.Max(1, blocks));
        var (rows, lanes) = (RoundUp(channels * g.Taps, GemmTile.Rows) + (GemmTile.Rows * parts), RoundUp(outputs, GemmTile.Vector));
        var sums = Scratch.Floats(ScratchUse.Sums, (long)_groups * splits * rows * lanes);
        context.Parallel(_groups * parts * splits, piece =>
        {
            var (rest, split) = Math.DivRem(piece, splits);
            var (group, part) = Math.DivRem(rest, parts);
            int from = channels * part / parts, to = channels * (part + 1) / parts;
            var task = new Part(g, _groups, group, from, to, x.Floats, dY.Floats, outputs, sums + (((((long)group * splits) + split) * rows) + FirstRow(from, g.Taps, part)) * lanes);
            task.Run(blocks * split / splits, blocks * (split + 1) / splits);
        });
        context.Parallel(_groups * parts, piece =>
        {
            var (group, part) = Math.DivRem(piece, parts);
            int from = channels * part / parts, to = channels * (part + 1) / parts;
            Collect(sums + (((long)group * splits * rows) + FirstRow(from, g.Taps, part)) * lanes, (long)rows * lanes, splits, lanes, (to - from) * g.Taps,
                outputs, dW.Floats + ((((long)group * outputs * channels) + from) * g.Taps), channels * g.Taps);
        });
    }

    private static KernelDefinition Definition(string name) =>
        new(name, [ElementType.Float32, ElementType.Float32], [ElementType.Float32], attributes => new ConvWeightGrad(attributes));

    // Each part's rows are rounded up to whole tiles.
    private static long FirstRow(int channel, int taps, int part) => ((long)channel * taps) + (part * GemmTile.Rows);

    private static int RoundUp(int count, int multiple) => (count + multiple - 1) / multiple * multiple;

    // dW[o, row] = Σ over the splits of sums[row, o]
    private static void Collect(float* sums, long split, int splits, int lanes, int rows, int outputs, float* dW, int depth)
    {
        for (var s = 1; s < splits; s++)
            System.Numerics.Tensors.TensorPrimitives.Add(new(sums, rows * lanes), new ReadOnlySpan<float>(sums + (s * split), rows * lanes), new Span<float>(sums, rows * lanes));
        Transposition.Run(sums, lanes, rows, outputs, dW, depth);
    }

    private sealed class Part(ConvGeometry g, int groups, int group, int from, int to, float* x, float* dY, int outputs, float* sums)
    {
        private readonly ConvColumns _columns = new(g);
        private readonly int _lanes = RoundUp(outputs, GemmTile.Vector);
        private readonly int _chunk = Math.Max(1, RowsAtOnce / g.Taps);
        private readonly long _windows = (long)g.Batch * g.WindowCount;

        internal void Run(int first, int last)
        {
            new Span<float>(sums, RoundUp((to - from) * g.Taps, GemmTile.Rows) * _lanes).Clear();
            var gradients = Scratch.Floats(ScratchUse.Rows, (long)Windows * _lanes);
            for (var block = first; block < last; block++)
            {
                Gradients((long)block * Windows, gradients);
                _columns.Aim((long)groups * g.Channels * g.PlaneSize, (long)block * Windows, Windows / GemmTile.Vector);
                for (var channel = from; channel < to; channel += _chunk)
                    Channels((long)block * Windows, channel, Math.Min(_chunk, to - channel), gradients);
            }
        }

        private void Channels(long window, int channel, int count, float* gradients)
        {
            var rows = count * g.Taps;
            var padded = RoundUp(rows, GemmTile.Rows);
            var columns = Scratch.Floats(ScratchUse.Columns, (long)padded * Windows);
            _columns.Gather(x + ((((long)group * g.Channels) + channel) * g.PlaneSize), count, columns);
            new Span<float>(columns + ((long)rows * Windows), (padded - rows) * Windows).Clear();
            var depth = (int)Math.Min(Windows, _windows - window);
            var target = sums + ((long)(channel - from) * g.Taps * _lanes);
            for (var lane = 0; lane < _lanes;)
            {
                // Four vectors are two and two: a single one would wait for its own sums.
                var left = (_lanes - lane) / GemmTile.Vector;
                var vectors = left is 4 or 2 ? 2 : Math.Min(left, 3);
                for (var row = 0; row < padded; row += GemmTile.Rows)
                    GemmTile.Multiply(columns + ((long)row * Windows), Windows, gradients + lane, _lanes, depth, target + ((long)row * _lanes) + lane, _lanes, vectors, add: true);
                lane += vectors * GemmTile.Vector;
            }
        }

        // [window, output] of dY[n, output, q]; lanes behind the last output are never read back.
        private void Gradients(long window, float* to)
        {
            var end = Math.Min(window + Windows, _windows);
            while (window < end)
            {
                var (image, inImage) = Math.DivRem(window, g.WindowCount);
                var count = (int)Math.Min(end - window, g.WindowCount - inImage);
                Transposition.Run(dY + ((((image * groups) + group) * outputs) * g.WindowCount) + inImage, g.WindowCount, outputs, count, to, _lanes);
                window += count;
                to += (long)count * _lanes;
            }
        }
    }
}
