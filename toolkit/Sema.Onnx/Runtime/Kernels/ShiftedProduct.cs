namespace Sema.Onnx.Runtime.Kernels;

/// <summary>The same as <see cref="ConvProduct"/> where windows have no strides: the product's right side is the padded image itself, shifted by each tap.</summary>
internal static unsafe class ShiftedProduct
{
    /// <summary>Computes the outputs; for the parameters see <see cref="ConvProduct.Run"/>.</summary>
    /// <param name="context">The run.</param>
    /// <param name="g">The windows over one group's channels.</param>
    /// <param name="placement">Where a plane's windows are written.</param>
    /// <param name="groups">How many groups of channels there are.</param>
    /// <param name="x">[images, groups · channels, plane].</param>
    /// <param name="w">[groups · outputs, channels · taps], each group's outputs filled up with zeros to whole tiles.</param>
    /// <param name="outputs">The outputs of a group.</param>
    /// <param name="bias">[groups · outputs], or null.</param>
    /// <param name="y">Takes [images, groups · outputs, windows].</param>
    internal static void Run(KernelContext context, ConvGeometry g, ConvPlacement placement, int groups, float* x, float* w, int outputs, float* bias, float* y)
    {
        var images = g.Batch * groups;
        var band = new ImageBand(g, Math.Clamp(4 * Environment.ProcessorCount / images, 1, g.Windows[1]));
        int depth = g.Channels * g.Taps, rows = GemmTile.Whole(outputs, GemmTile.Rows);
        context.Parallel(images * band.Bands, piece =>
        {
            var (image, number) = Math.DivRem(piece, band.Bands);
            var group = image % groups;
            var offsets = (int*)Scratch.Floats(ScratchUse.Offsets, depth);
            band.Offsets(offsets);
            var data = band.Fill(x + ((long)image * g.Channels * g.PlaneSize), number);
            var tiles = Scratch.Floats(ScratchUse.Tile, ((long)rows * GemmTile.Lanes) + GemmTile.Vector);
            var target = y + ((long)image * outputs * placement.PlaneSize);
            var count = ((band.RowsOf(number) - 1) * band.Width) + g.Windows[2];
            for (var position = 0; position < count; position += GemmTile.Lanes)
            {
                var lanes = Math.Min(GemmTile.Lanes, count - position);
                var a = w + ((long)group * rows * depth);
                for (var row = 0; row < rows; row += GemmTile.Rows)
                {
                    GemmTile.Multiply(a + ((long)row * depth), data + position, new ListedLines(depth, offsets), depth, tiles + (row * GemmTile.Lanes), GemmTile.Lanes,
                        (lanes + GemmTile.Vector - 1) / GemmTile.Vector, add: false);
                }

                Store(position, lanes, number * band.Rows, band.Width);
            }

            // Hands out what stands in rows, and drops what stands between them.
            void Store(int position, int lanes, int firstRow, int width)
            {
                for (var lane = 0; lane < lanes;)
                {
                    var (row, column) = Math.DivRem(position + lane, width);
                    var run = Math.Min(lanes - lane, g.Windows[2] - column);
                    if (run > 0)
                        placement.Put(tiles + lane, GemmTile.Lanes, outputs, run, bias == null ? null : bias + (group * outputs), target + placement.Of(((firstRow + row) * g.Windows[2]) + column).Place);
                    lane += Math.Min(lanes - lane, width - column);
                }
            }
        });
    }
}
