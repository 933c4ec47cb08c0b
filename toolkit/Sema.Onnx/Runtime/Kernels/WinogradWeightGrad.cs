using System.Runtime.Intrinsics;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>
/// The gradient of the weights of a 3x3 convolution without strides, by <see cref="WinogradTiles"/>: dW = Gᵀ [Σ (A dY Aᵀ) ⊙ (Bᵀ d B)] G over all tiles,
/// for each of a tile's 16 elements a product over tiles whose rows are channels and whose lanes are outputs.
/// </summary>
internal static unsafe class WinogradWeightGrad
{
    // Sums that each thread may have of its own; where there are more, threads share out the channels.
    private const long FewSums = 1 << 20;

    /// <summary>Computes the gradient.</summary>
    /// <param name="context">The run.</param>
    /// <param name="g">The windows over one group's channels.</param>
    /// <param name="groups">How many groups of channels there are.</param>
    /// <param name="x">[images, groups · channels, plane].</param>
    /// <param name="dY">[images, groups · outputs, windows].</param>
    /// <param name="outputs">The outputs of a group.</param>
    /// <param name="dW">Takes [groups · outputs, channels, 3, 3].</param>
    internal static void Run(KernelContext context, ConvGeometry g, int groups, float* x, float* dY, int outputs, float* dW)
    {
        var tiles = new WinogradTiles(g);
        var lanes = GemmTile.Whole(outputs, GemmTile.Vector);
        var rows = GemmTile.Whole(g.Channels, GemmTile.Rows);
        var element = WinogradTiles.Apart((long)rows * lanes);
        var each = WinogradTiles.Elements * element;
        var splits = each <= FewSums ? Math.Clamp(Environment.ProcessorCount / groups, 1, tiles.Rows) : 1;
        var shares = splits > 1 ? 1 : Math.Clamp(Environment.ProcessorCount / groups, 1, rows / GemmTile.Rows);
        var sums = Scratch.Floats(ScratchUse.Sums, groups * splits * each);
        context.Parallel(groups * splits * shares, piece =>
        {
            var (group, part) = Math.DivRem(piece, splits * shares);
            var (split, share) = Math.DivRem(part, shares);
            int from = rows / GemmTile.Rows * share / shares * GemmTile.Rows, to = Math.Min(rows / GemmTile.Rows * (share + 1) / shares * GemmTile.Rows, g.Channels);
            Sums(tiles, g, groups, group, x, dY, outputs, from, to - from, (int)((long)tiles.Rows * split / splits), (int)((long)tiles.Rows * (split + 1) / splits),
                sums + ((((long)group * splits) + split) * each) + ((long)from * lanes), element, lanes);
        });
        context.Parallel(groups * rows / GemmTile.Rows, piece =>
        {
            var (group, block) = Math.DivRem(piece, rows / GemmTile.Rows);
            var taps = Scratch.Floats(ScratchUse.Tile, 9L * lanes);
            for (var c = block * GemmTile.Rows; c < Math.Min(g.Channels, (block + 1) * GemmTile.Rows); c++)
            {
                for (var o = 0; o < lanes; o += GemmTile.Vector)
                    Weights(sums + (group * splits * each) + ((long)c * lanes) + o, element, each, splits, taps + o, lanes);
                Transposition.Run(taps, lanes, 9, outputs, dW + ((((long)group * outputs * g.Channels) + c) * 9), g.Channels * 9);
            }
        });
    }

    // Adds up some channels of some rows of tiles: S[element, channel, output].
    private static void Sums(WinogradTiles tiles, ConvGeometry g, int groups, int group, float* x, float* dY, int outputs, int channel, int channels, int first, int last,
        float* sums, long element, int lanes)
    {
        var atOnce = tiles.RowsAtOnce(channels + lanes);
        var stride = GemmTile.Whole(atOnce * tiles.Width, GemmTile.Vector);
        var whole = GemmTile.Whole(channels, GemmTile.Rows);
        long input = WinogradTiles.Apart((long)whole * stride), gradient = WinogradTiles.Apart((long)stride * lanes);
        var v = Scratch.Floats(ScratchUse.Columns, WinogradTiles.Elements * input);
        var q = Scratch.Floats(ScratchUse.Tile, WinogradTiles.Elements * gradient);
        var gradients = dY + ((long)group * outputs * g.WindowCount);
        for (var row = first; row < last; row += atOnce)
        {
            var count = Math.Min(atOnce, last - row);
            tiles.Inputs(x + ((((long)group * g.Channels) + channel) * g.PlaneSize), (long)groups * g.Channels * g.PlaneSize, row, count, channels, v, stride, input);
            tiles.Gradients(gradients, (long)groups * outputs * g.WindowCount, row, count, outputs, q, gradient, lanes);
            for (var e = 0; e < WinogradTiles.Elements; e++)
                GemmTile.Product(v + (e * input), stride, 1, q + (e * gradient), lanes, count * tiles.Width, sums + (e * element), lanes, whole, lanes, add: row > first);
        }
    }

    // Gᵀ S G of one channel and 16 outputs: 9 taps.
    private static void Weights(float* sums, long element, long each, int splits, float* taps, int stride)
    {
        var half = Vector512.Create(0.5f);
        for (var y = 0; y < 3; y++)
        {
            Vector512<float> s0 = Down(sums, element, each, splits, y, half), s1 = Down(sums + element, element, each, splits, y, half);
            Vector512<float> s2 = Down(sums + (2 * element), element, each, splits, y, half), s3 = Down(sums + (3 * element), element, each, splits, y, half);
            var middle = (s1 + s2) * half;
            (s0 + middle).Store(taps + (3 * y * stride));
            ((s1 - s2) * half).Store(taps + (((3 * y) + 1) * stride));
            (middle + s3).Store(taps + (((3 * y) + 2) * stride));
        }
    }

    // One number of Gᵀ S in a column of S.
    private static Vector512<float> Down(float* sums, long element, long each, int splits, int y, Vector512<float> half)
    {
        Vector512<float> s1 = Sum(sums + (4 * element), each, splits), s2 = Sum(sums + (8 * element), each, splits);
        return y switch
        {
            0 => Sum(sums, each, splits) + ((s1 + s2) * half),
            1 => (s1 - s2) * half,
            _ => ((s1 + s2) * half) + Sum(sums + (12 * element), each, splits),
        };
    }

    private static Vector512<float> Sum(float* sums, long each, int splits)
    {
        var sum = Vector512.Load(sums);
        for (var split = 1; split < splits; split++)
            sum += Vector512.Load(sums + (split * each));
        return sum;
    }
}
