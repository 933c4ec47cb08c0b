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
        var depth = geometry.Channels * geometry.Taps;
        var panels = (int)((((long)geometry.Batch * geometry.WindowCount) + GemmTile.Lanes - 1) / GemmTile.Lanes);
        var blocks = (outputs + GemmTile.Rows - 1) / GemmTile.Rows;

        // A few pieces for each thread, so that one that is late holds nobody up; outputs are shared out only where windows are too few.
        var parts = Math.Min(panels, 4 * Environment.ProcessorCount);
        var splits = Math.Clamp(2 * Environment.ProcessorCount / (parts * groups), 1, blocks);
        context.Parallel(groups * parts * splits, piece =>
        {
            var (rest, split) = Math.DivRem(piece, splits);
            var (group, part) = Math.DivRem(rest, parts);
            var (from, to) = (blocks * split / splits, blocks * (split + 1) / splits);
            var task = new GroupTask(geometry, placement, groups, group, x, w + ((long)group * outputs * depth), outputs, bias == null ? null : bias + (group * outputs), y);
            for (var panel = panels * part / parts; panel < panels * (part + 1) / parts; panel++)
                task.Panel(panel, from, to);
        });
    }

    private sealed class GroupTask(ConvGeometry g, ConvPlacement placement, int groups, int group, float* x, float* w, int outputs, float* bias, float* y)
    {
        private readonly ConvColumns _columns = new(g);
        private readonly int _depth = g.Channels * g.Taps;
        private readonly long _imageOut = (long)groups * outputs * placement.PlaneSize;
        private readonly long _windows = (long)g.Batch * g.WindowCount;
        private readonly float* _y = y + ((long)group * outputs * placement.PlaneSize);
        private readonly float* _tile = Scratch.Floats(ScratchUse.Tile, GemmTile.Rows * GemmTile.Lanes);
        private readonly float* _w = outputs >= GemmTile.Rows ? w : Padded(w, outputs, g.Channels * g.Taps);

        internal void Panel(int panel, int fromBlock, int toBlock)
        {
            var first = (long)panel * GemmTile.Lanes;
            var columns = Scratch.Floats(ScratchUse.Columns, (long)_depth * GemmTile.Lanes);
            _columns.Gather(x + ((long)group * g.Channels * g.PlaneSize), (long)groups * g.Channels * g.PlaneSize, g.Channels, first, 3, columns);
            var (image, inImage) = Math.DivRem(first, g.WindowCount);
            var direct = bias == null && placement.IsDense && outputs >= GemmTile.Rows && inImage + GemmTile.Lanes <= g.WindowCount;
            for (var block = fromBlock; block < toBlock; block++)
            {
                // The last rows are computed twice rather than in a tile of another size.
                var row = Math.Max(0, Math.Min(block * GemmTile.Rows, outputs - GemmTile.Rows));
                var a = _w + ((long)row * _depth);
                if (direct)
                {
                    GemmTile.Multiply(a, _depth, columns, GemmTile.Lanes, _depth, _y + (image * _imageOut) + ((long)row * g.WindowCount) + inImage, g.WindowCount, 3, add: false);
                    continue;
                }

                GemmTile.Multiply(a, _depth, columns, GemmTile.Lanes, _depth, _tile, GemmTile.Lanes, 3, add: false);
                Store(first, row, Math.Min(GemmTile.Rows, outputs));
            }
        }

        // Hands a tile out to the images that its windows belong to.
        private void Store(long first, int row, int rows)
        {
            for (var lane = 0; lane < GemmTile.Lanes && first + lane < _windows;)
            {
                var (image, inImage) = Math.DivRem(first + lane, g.WindowCount);
                var (place, run) = placement.Of((int)inImage);
                var count = Math.Min(GemmTile.Lanes - lane, run);
                for (var r = 0; r < rows; r++)
                {
                    var to = _y + (image * _imageOut) + ((long)(row + r) * placement.PlaneSize) + place;
                    placement.Put(_tile + (r * GemmTile.Lanes) + lane, count, bias == null ? 0 : bias[row + r], to);
                }

                lane += count;
            }
        }

        private static float* Padded(float* w, int outputs, int depth)
        {
            var padded = Scratch.Floats(ScratchUse.Rows, (long)GemmTile.Rows * depth);
            new Span<float>(padded, GemmTile.Rows * depth).Clear();
            new Span<float>(w, outputs * depth).CopyTo(new(padded, outputs * depth));
            return padded;
        }
    }
}
