using System.Runtime.Intrinsics;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>3x3 convolutions without strides by <see cref="WinogradTiles"/>: for each of a tile's 16 elements, a product of weights and inputs over the channels.</summary>
internal static unsafe class WinogradConvolution
{
    /// <summary>Computes the outputs; for the parameters see <see cref="ConvProduct.Run"/>.</summary>
    /// <param name="context">The run.</param>
    /// <param name="g">The windows over one group's channels.</param>
    /// <param name="groups">How many groups of channels there are.</param>
    /// <param name="x">[images, groups · channels, plane].</param>
    /// <param name="w">[groups · outputs, channels, 3, 3]; where they are turned, [groups · channels, outputs, 3, 3].</param>
    /// <param name="turned">Whether the convolution is the gradient of one with these weights.</param>
    /// <param name="outputs">The outputs of a group.</param>
    /// <param name="bias">[groups · outputs], or null.</param>
    /// <param name="y">Takes [images, groups · outputs, windows].</param>
    internal static void Run(KernelContext context, ConvGeometry g, int groups, float* x, float* w, bool turned, int outputs, float* bias, float* y)
    {
        var tiles = new WinogradTiles(g);
        var blocks = (outputs + GemmTile.Rows - 1) / GemmTile.Rows;
        var element = WinogradTiles.Apart((long)groups * blocks * GemmTile.Rows * g.Channels);
        var u = Scratch.Floats(ScratchUse.Weights, WinogradTiles.Elements * element);
        context.Parallel(groups * blocks, block => Weights(g.Channels, outputs, w, turned, block / blocks, block % blocks, u + ((long)block * GemmTile.Rows * g.Channels), element));

        var rows = tiles.RowsAtOnce(g.Channels + outputs);
        var parts = Math.Max((tiles.Rows + rows - 1) / rows, Math.Min(Environment.ProcessorCount, tiles.Rows));
        var stride = GemmTile.Whole(((tiles.Rows + parts - 1) / parts) * tiles.Width, GemmTile.Vector);
        context.Parallel(groups * parts, piece =>
        {
            var (group, part) = Math.DivRem(piece, parts);
            var first = (int)((long)tiles.Rows * part / parts);
            var count = (int)((long)tiles.Rows * (part + 1) / parts) - first;
            long input = WinogradTiles.Apart((long)g.Channels * stride), output = WinogradTiles.Apart((long)blocks * GemmTile.Rows * stride);
            var v = Scratch.Floats(ScratchUse.Columns, WinogradTiles.Elements * input);
            var m = Scratch.Floats(ScratchUse.Tile, (WinogradTiles.Elements * output) + GemmTile.Vector);
            tiles.Inputs(x + ((long)group * g.Channels * g.PlaneSize), (long)groups * g.Channels * g.PlaneSize, first, count, g.Channels, v, stride, input);
            var weights = u + ((long)group * blocks * GemmTile.Rows * g.Channels);
            for (var e = 0; e < WinogradTiles.Elements; e++)
                GemmTile.Product(weights + (e * element), g.Channels, 1, v + (e * input), stride, g.Channels, m + (e * output), stride, blocks * GemmTile.Rows, stride, add: false);
            for (var o = 0; o < outputs; o++)
            {
                var plane = (group * outputs) + o;
                tiles.Outputs(m + ((long)o * stride), output, first, count, bias == null ? 0 : bias[plane], y + ((long)plane * g.WindowCount), (long)groups * outputs * g.WindowCount);
            }
        });
    }

    // G w Gᵀ of 8 outputs: U[element, output, channel]; outputs that there are not have zeros.
    private static void Weights(int channels, int outputs, float* w, bool turned, int group, int block, float* u, long element)
    {
        var taps = Scratch.Floats(ScratchUse.Rows, (9L * channels) + GemmTile.Vector);
        for (var row = 0; row < GemmTile.Rows; row++, u += channels)
        {
            var o = (block * GemmTile.Rows) + row;
            if (o >= outputs)
            {
                for (var e = 0; e < WinogradTiles.Elements; e++)
                    new Span<float>(u + (e * element), channels).Clear();
                continue;
            }

            // [tap, channel], turned round for a gradient.
            if (turned)
                Transposition.Run(w + ((((long)group * channels * outputs) + o) * 9), outputs * 9, channels, 9, taps, channels);
            else
                Transposition.Run(w + ((((long)group * outputs) + o) * channels * 9), 9, channels, 9, taps, channels);
            for (var c = 0; c < channels; c += GemmTile.Vector)
                Weights(turned ? taps + (8L * channels) + c : taps + c, turned ? -channels : channels, u + c, element, channels - c);
        }
    }

    private static void Weights(float* tap, int stride, float* u, long element, int count)
    {
        var half = Vector512.Create(0.5f);
        for (var b = 0; b < 4; b++)
        {
            Vector512<float> g0 = Across(tap, stride, b, half), g1 = Across(tap + (3 * stride), stride, b, half), g2 = Across(tap + (6 * stride), stride, b, half);
            Vector512<float> outer = (g0 + g2) * half, inner = g1 * half;
            Lanes.Store(g0, u + (b * element), count);
            Lanes.Store(outer + inner, u + ((4 + b) * element), count);
            Lanes.Store(outer - inner, u + ((8 + b) * element), count);
            Lanes.Store(g2, u + ((12 + b) * element), count);
        }
    }

    // One line of g Gᵀ, in the column b.
    private static Vector512<float> Across(float* tap, int stride, int b, Vector512<float> half)
    {
        Vector512<float> g0 = Vector512.Load(tap), g1 = Vector512.Load(tap + stride), g2 = Vector512.Load(tap + (2 * stride));
        return b switch { 0 => g0, 1 => (g0 + g1 + g2) * half, 2 => (g0 - g1 + g2) * half, _ => g2 };
    }
}
