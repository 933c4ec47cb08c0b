namespace Sema.Onnx.Runtime.Kernels;

/// <summary>One thread's part of a weight gradient: sums with a row for each channel and tap, and a lane for each output.</summary>
/// <param name="g">The windows over one group's channels.</param>
/// <param name="groups">How many groups there are.</param>
/// <param name="group">The group.</param>
/// <param name="x">[images, groups · channels, plane].</param>
/// <param name="outputs">The outputs of a group.</param>
/// <param name="sums">[rows, lanes]: for <see cref="Few"/> those of the channels, else of all.</param>
internal sealed unsafe class ConvWeightSums(ConvGeometry g, int groups, int group, float* x, int outputs, float* sums)
{
    private const int Windows = ConvGradients.Windows;

    // Rows that are gathered at a time: they stay in a core's second-level cache.
    private const int RowsAtOnce = 288;

    private readonly ConvColumns _columns = new(g);
    private readonly int _lanes = ConvGradients.LanesOf(outputs);
    private readonly long _windows = (long)g.Batch * g.WindowCount;

    /// <summary>Gets how many channels are gathered at a time.</summary>
    internal static int Channels(ConvGeometry g) => Math.Max(1, RowsAtOnce / g.Taps);

    /// <summary>Gets how many rows of sums some channels have.</summary>
    internal static int RowsOf(ConvGeometry g, int channels) => GemmTile.Whole(channels * g.Taps, GemmTile.Rows);

    /// <summary>Gets how many rows of sums all channels take: the last few that are gathered fill whole tiles too, wherever they begin.</summary>
    internal static int AllRowsOf(ConvGeometry g)
    {
        var last = (g.Channels - 1) / Channels(g) * Channels(g);
        return Math.Max(RowsOf(g, g.Channels), (last * g.Taps) + RowsOf(g, g.Channels - last));
    }

    /// <summary>Adds up over blocks of windows, all channels of a block after one another.</summary>
    internal void Blocks(int first, int last, ConvGradients gradients)
    {
        var own = Scratch.Floats(ScratchUse.Rows, (long)Windows * _lanes);
        for (var block = first; block < last; block++)
        {
            gradients.Gather((long)block * Windows, own);
            for (var channel = 0; channel < g.Channels; channel += Channels(g))
                Block(block, channel, Math.Min(Channels(g), g.Channels - channel), own, sums + ((long)channel * g.Taps * _lanes), add: block > first);
        }
    }

    /// <summary>Adds up over all windows for a few channels.</summary>
    internal void Few(int channel, int count, float* gradients)
    {
        for (var block = 0; (long)block * Windows < _windows; block++)
            Block(block, channel, count, gradients + ((long)block * Windows * _lanes), sums, add: block > 0);
    }

    /// <summary>Adds up over bands of images, whose padded rows the product reads in place.</summary>
    internal void Bands(ImageBand band, int first, int last, ConvGradients gradients)
    {
        var rows = RowsOf(g, g.Channels);
        var own = Scratch.Floats(ScratchUse.Rows, (long)Windows * _lanes);
        var offsets = (int*)Scratch.Floats(ScratchUse.Offsets, rows);
        new Span<int>(offsets, rows).Clear();
        band.Offsets(offsets);
        var add = false;
        for (var piece = first; piece < last; piece++)
        {
            var (image, number) = Math.DivRem(piece, band.Bands);
            var data = band.Fill(x + ((((long)image * groups) + group) * g.Channels * g.PlaneSize), number);
            var count = ((band.RowsOf(number) - 1) * band.Width) + g.Windows[2];
            for (var position = 0; position < count; position += Windows, add = true)
            {
                var depth = Math.Min(Windows, count - position);
                gradients.Gather(image, number * band.Rows, band.Width, position, depth, own);
                Multiply(data + position, offsets, rows, own, depth, sums, add);
            }
        }
    }

    private void Block(int block, int channel, int count, float* gradients, float* to, bool add)
    {
        var (rows, padded) = (count * g.Taps, RowsOf(g, count));
        var columns = Scratch.Floats(ScratchUse.Columns, (long)padded * Windows);
        _columns.Aim((long)groups * g.Channels * g.PlaneSize, (long)block * Windows, Windows / GemmTile.Vector);
        _columns.Gather(x + ((((long)group * g.Channels) + channel) * g.PlaneSize), count, columns);
        new Span<float>(columns + ((long)rows * Windows), (padded - rows) * Windows).Clear();
        Multiply(columns, null, padded, gradients, (int)Math.Min(Windows, _windows - ((long)block * Windows)), to, add);
    }

    // The rows begin where their offsets say, or lie side by side where there are none.
    private void Multiply(float* a, int* offsets, int rows, float* gradients, int depth, float* to, bool add)
    {
        for (var lane = 0; lane < _lanes;)
        {
            var vectors = ConvGradients.Vectors(_lanes - lane);
            var width = vectors * GemmTile.Vector;
            for (var row = 0; row < rows; row += GemmTile.Rows)
            {
                float* b = gradients + (lane * Windows), c = to + ((long)row * _lanes) + lane;
                if (offsets == null)
                    GemmTile.Multiply(a + ((long)row * Windows), b, new EvenLayout(Windows, 1, width), depth, c, _lanes, vectors, add);
                else
                    GemmTile.Multiply(a, b, new ListedRows(offsets + row, width), depth, c, _lanes, vectors, add);
            }

            lane += width;
        }
    }
}
