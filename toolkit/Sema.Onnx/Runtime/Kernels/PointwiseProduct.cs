namespace Sema.Onnx.Runtime.Kernels;

/// <summary>The same as <see cref="ConvProduct"/> for windows of one element: the product reads the image and writes the outputs in place.</summary>
internal static unsafe class PointwiseProduct
{
    // Of so many channels 48 windows stay in the first-level cache, wherever the planes lie.
    private const int FewChannels = 192;

    /// <summary>Gets whether this pays beside gathering windows: where they stay in the first-level cache from one tile of outputs to the next.</summary>
    internal static bool Pays(ConvGeometry g, ConvPlacement placement) =>
        g.Taps == 1 && g.Strides.All(s => s == 1) && g.Before.All(b => b == 0) && g.Windows.SequenceEqual(g.Plane) && placement.IsDense
        && g.WindowCount >= GemmTile.Lanes && g.Channels <= FewChannels;

    /// <summary>Computes the outputs; for the parameters see <see cref="ShiftedProduct.Run"/>.</summary>
    internal static void Run(KernelContext context, ConvGeometry g, int groups, float* x, float* w, int outputs, float* bias, float* y)
    {
        var images = g.Batch * groups;
        var (plane, panels) = (g.WindowCount, (g.WindowCount + GemmTile.Lanes - 1) / GemmTile.Lanes);
        var parts = Math.Clamp(4 * Environment.ProcessorCount / images, 1, panels);
        var rows = GemmTile.Whole(outputs, GemmTile.Rows);
        var placement = ConvPlacement.Dense(g);
        context.Parallel(images * parts, piece =>
        {
            var (image, part) = Math.DivRem(piece, parts);
            var group = image % groups;
            var tiles = Scratch.Floats(ScratchUse.Tile, ((long)rows * GemmTile.Lanes) + GemmTile.Vector);
            float* data = x + ((long)image * g.Channels * plane), target = y + ((long)image * outputs * plane), a = w + ((long)group * rows * g.Channels);
            var inPlace = bias == null && rows == outputs;
            for (var panel = panels * part / parts; panel < panels * (part + 1) / parts; panel++)
            {
                // The last panel ends with the plane, so that nothing is read behind it; some of it is computed twice.
                var vectors = (Math.Min(GemmTile.Lanes, plane - (panel * GemmTile.Lanes)) + GemmTile.Vector - 1) / GemmTile.Vector;
                var position = Math.Min(panel * GemmTile.Lanes, plane - (vectors * GemmTile.Vector));
                float* to = inPlace ? target + position : tiles;
                var stride = inPlace ? plane : GemmTile.Lanes;
                GemmTile.Product(a, g.Channels, 1, data + position, plane, g.Channels, to, stride, rows, vectors * GemmTile.Vector, add: false);
                if (!inPlace)
                    placement.Put(tiles, GemmTile.Lanes, outputs, vectors * GemmTile.Vector, bias == null ? null : bias + (group * outputs), target + position);
            }
        });
    }
}
