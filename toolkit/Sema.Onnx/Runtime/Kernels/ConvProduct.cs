namespace Sema.Onnx.Runtime.Kernels;

/// <summary>
/// Y[n, o, q] = b[o] + Σ W[o, (c, tap)] · what window q sees of X[n, c], group by group: a matrix product whose right side is gathered 48 windows
/// at a time into a core's cache and used there for all outputs.
/// </summary>
internal static unsafe class ConvProduct
{
    /// <summary>Computes the outputs.</summary>
    /// <param name="context">The run.</param>
    /// <param name="geometry">The windows over one group's channels.</param>
    /// <param name="placement">Where a plane's windows are written.</param>
    /// <param name="groups">How many groups of channels there are.</param>
    /// <param name="x">[images, groups · channels, plane].</param>
    /// <param name="w">[groups · outputs, channels · taps].</param>
    /// <param name="outputs">The outputs of a group.</param>
    /// <param name="bias">[groups · outputs], or null.</param>
    /// <param name="y">Takes [images, groups · outputs, windows].</param>
    internal static void Run(KernelContext context, ConvGeometry geometry, ConvPlacement placement, int groups, float* x, float* w, int outputs, float* bias, float* y)
    {
        var panels = (int)((((long)geometry.Batch * geometry.WindowCount) + GemmTile.Lanes - 1) / GemmTile.Lanes);
        var blocks = (outputs + GemmTile.Rows - 1) / GemmTile.Rows;
        var rows = WholeTiles(w, groups, outputs, geometry.Channels * geometry.Taps);

        if (ImageBand.Pays(geometry, outputs))
        {
            ShiftedProduct.Run(context, geometry, placement, groups, x, rows, outputs, bias, y);
            return;
        }

        if (PointwiseProduct.Pays(geometry, placement))
        {
            PointwiseProduct.Run(context, geometry, groups, x, rows, outputs, bias, y);
            return;
        }

        // A few pieces for each thread, so that one that is late holds nobody up; outputs are shared out only where windows are too few.
        var parts = Math.Min(panels, 4 * Environment.ProcessorCount);
        var splits = Math.Clamp(2 * Environment.ProcessorCount / (parts * groups), 1, blocks);
        context.Parallel(groups * parts * splits, piece =>
        {
            var (rest, split) = Math.DivRem(piece, splits);
            var (group, part) = Math.DivRem(rest, parts);
            var task = new GroupTask(geometry, placement, groups, group, x, rows, outputs, bias == null ? null : bias + (group * outputs), y);
            for (var panel = panels * part / parts; panel < panels * (part + 1) / parts; panel++)
                task.Panel(panel, blocks * split / splits, blocks * (split + 1) / splits);
        });
    }

    // The weights themselves where a group's outputs fill whole tiles, else a copy with rows of zeros behind them.
    private static float* WholeTiles(float* w, int groups, int outputs, int depth)
    {
        if (outputs % GemmTile.Rows == 0)
            return w;
        var rows = GemmTile.Whole(outputs, GemmTile.Rows);
        var copy = Scratch.Floats(ScratchUse.Sums, (long)groups * rows * depth);
        for (var group = 0; group < groups; group++, w += (long)outputs * depth)
        {
            var to = new Span<float>(copy + ((long)group * rows * depth), rows * depth);
            new ReadOnlySpan<float>(w, outputs * depth).CopyTo(to);
            to[(outputs * depth)..].Clear();
        }

        return copy;
    }

    private sealed class GroupTask(ConvGeometry g, ConvPlacement placement, int groups, int group, float* x, float* w, int outputs, float* bias, float* y)
    {
        // Rows that are gathered at a time: 48 columns of them stay in a core's second-level cache. Fewer would have sums read and written again.
        private const int RowsAtOnce = 4608;

        private readonly ConvColumns _columns = new(g);
        private readonly int _depth = g.Channels * g.Taps;
        private readonly int _chunk = Math.Max(1, RowsAtOnce / g.Taps);
        private readonly int _rows = GemmTile.Whole(outputs, GemmTile.Rows);
        private readonly long _imageOut = (long)groups * outputs * placement.PlaneSize;
        private readonly long _windows = (long)g.Batch * g.WindowCount;
        private readonly float* _x = x + ((long)group * g.Channels * g.PlaneSize);
        private readonly float* _y = y + ((long)group * outputs * placement.PlaneSize);

        internal void Panel(int panel, int fromBlock, int toBlock)
        {
            var first = (long)panel * GemmTile.Lanes;
            var (image, inImage) = Math.DivRem(first, g.WindowCount);
            _columns.Aim((long)groups * g.Channels * g.PlaneSize, first, GemmTile.Lanes / GemmTile.Vector);
            if (bias == null && placement.IsDense && outputs == _rows && inImage + GemmTile.Lanes <= g.WindowCount)
            {
                Multiply(fromBlock, toBlock, _y + (image * _imageOut) + inImage, g.WindowCount);
                return;
            }

            var tiles = Scratch.Floats(ScratchUse.Tile, ((long)_rows * GemmTile.Lanes) + GemmTile.Vector);
            Multiply(fromBlock, toBlock, tiles, GemmTile.Lanes);
            Store(first, tiles, fromBlock * GemmTile.Rows, Math.Min(toBlock * GemmTile.Rows, outputs));
        }

        private void Multiply(int fromBlock, int toBlock, float* to, nint stride)
        {
            var columns = Scratch.Floats(ScratchUse.Columns, (long)_chunk * g.Taps * GemmTile.Lanes);
            for (var channel = 0; channel < g.Channels; channel += _chunk)
            {
                var count = Math.Min(_chunk, g.Channels - channel);
                _columns.Gather(_x + ((long)channel * g.PlaneSize), count, columns);
                var a = w + ((long)group * _rows * _depth) + (channel * g.Taps);
                var (first, rows) = (fromBlock * GemmTile.Rows, (toBlock - fromBlock) * GemmTile.Rows);
                GemmTile.Product(a + ((long)first * _depth), _depth, 1, columns, GemmTile.Lanes, count * g.Taps, to + (first * stride), stride, rows, GemmTile.Lanes, add: channel > 0);
            }
        }

        // Hands what was computed out to the images that the windows belong to.
        private void Store(long first, float* tiles, int fromRow, int toRow)
        {
            for (var lane = 0; lane < GemmTile.Lanes && first + lane < _windows;)
            {
                var (image, inImage) = Math.DivRem(first + lane, g.WindowCount);
                var (place, run) = placement.Of((int)inImage);
                var count = Math.Min(GemmTile.Lanes - lane, run);
                placement.Put(tiles + (fromRow * GemmTile.Lanes) + lane, GemmTile.Lanes, toRow - fromRow, count, bias == null ? null : bias + fromRow,
                    _y + (image * _imageOut) + ((long)fromRow * placement.PlaneSize) + place);
                lane += count;
            }
        }
    }
}
