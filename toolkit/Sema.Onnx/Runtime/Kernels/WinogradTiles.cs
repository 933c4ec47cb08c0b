using System.Runtime.Intrinsics;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>
/// The tiles of a 3x3 convolution without strides: 2x2 outputs each, which see 4x4 inputs. In Winograd's form a tile costs 16 products a channel
/// and output where it has 36: Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A.
/// </summary>
/// <remarks>
/// Source: Lavin and Gray, <see href="https://arxiv.org/abs/1509.09308">arXiv:1509.09308</see>, section 4.1, F(2x2, 3x3), whose transformations are
/// sums, differences and halves, so that the rounding stays that of a direct sum. A tile's 16 numbers are element 4 a + b, a down and b across;
/// neighbouring tiles of a row are neighbours in memory.
/// </remarks>
/// <param name="g">The windows.</param>
internal sealed unsafe class WinogradTiles(ConvGeometry g)
{
    /// <summary>The numbers of a tile.</summary>
    internal const int Elements = 16;

    private const int Vector = GemmTile.Vector;

    // Tiles, times channels and outputs, that are worked on at a time.
    private const int AtOnce = 16 << 10;

    // The lanes of even and odd numbers in a pair of vectors.
    private static readonly Vector512<int> Even = Vector512.Create(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    private static readonly Vector512<int> Odd = Even + Vector512<int>.One;

    // The lanes that put numbers of one vector between those of another.
    private static readonly Vector512<int> Lower = Vector512.Create(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    private static readonly Vector512<int> Upper = Lower + Vector512.Create(8);

    private readonly int _wide = GemmTile.Whole((g.Windows[2] + 1) / 2, Vector);

    /// <summary>Gets the tiles of a row.</summary>
    internal int Width { get; } = (g.Windows[2] + 1) / 2;

    /// <summary>Gets the rows of tiles of an image.</summary>
    internal int Height { get; } = (g.Windows[1] + 1) / 2;

    /// <summary>Gets the rows of tiles of all images.</summary>
    internal int Rows => g.Batch * Height;

    private long Count => (long)Rows * Width;

    /// <summary>Gets whether a convolution has this form, and enough channels, outputs and tiles that the transformations of inputs, outputs and weights pay.</summary>
    internal static bool Pays(ConvGeometry g, int outputs) =>
        g.Kernel is [1, 3, 3] && g.Plane[0] == 1 && g.Windows[0] == 1 && g.Strides.All(s => s == 1) && g.Dilations.All(d => d == 1) && g.Before.All(b => b >= 0)
        && Math.Min(g.Channels, outputs) >= GemmTile.Rows && 2L * new WinogradTiles(g).Count >= Math.Max(g.Channels, outputs);

    /// <summary>
    /// Gets the distance between elements of an array, in floats, so that a tile's 16 numbers do not fall on the same set of the first-level cache,
    /// and that a last vector may reach over the array's end.
    /// </summary>
    internal static long Apart(long count) => (((count + Vector - 1) / Vector) | 1) * Vector + (2 * Vector);

    /// <summary>Gets how many rows of tiles are worked on at a time: their numbers, 16 a tile and channel or output, stay in a core's second-level cache.</summary>
    /// <param name="planes">The channels and outputs.</param>
    internal int RowsAtOnce(int planes) => Math.Max(1, Math.Clamp(AtOnce / planes, GemmTile.Lanes, 8 * GemmTile.Lanes) / Width);

    /// <summary>Writes Bᵀ d B of some rows of tiles: V[element, channel, tile].</summary>
    /// <param name="x">The first channel of the first image.</param>
    /// <param name="image">The distance between images.</param>
    /// <param name="first">The first row of tiles.</param>
    /// <param name="rows">How many rows.</param>
    /// <param name="channels">How many channels.</param>
    /// <param name="v">Takes the tiles.</param>
    /// <param name="stride">The distance between channels in V.</param>
    /// <param name="element">The distance between elements in V.</param>
    internal void Inputs(float* x, long image, int first, int rows, int channels, float* v, int stride, long element)
    {
        var line = Scratch.Floats(ScratchUse.Rows, (2 * _wide) + (3 * Vector) + (4L * Elements * _wide));
        var across = line + (2 * _wide) + (3 * Vector);
        new Span<float>(line, (2 * _wide) + (3 * Vector)).Clear();
        for (var c = 0; c < channels; c++)
        {
            for (var row = 0; row < rows; row++)
            {
                var (n, i) = Math.DivRem(first + row, Height);

                // The two upper lines of a tile are the lower ones of the tile above.
                for (var r = row == 0 || i == 0 ? 0 : 2; r < 4; r++)
                    Across(x + (n * image) + ((long)c * g.PlaneSize), (2 * i) + r, line, across + (((2 * i) + r) % 4 * 4 * _wide));
                Down(across, 2 * i % 4, v + ((long)c * stride) + (row * Width), element);
            }
        }
    }

    /// <summary>Writes Aᵀ M A + b of some rows of tiles to one output's plane in each image.</summary>
    /// <param name="m">M[element, ..., tile], of one output.</param>
    /// <param name="element">The distance between elements.</param>
    /// <param name="first">The first row of tiles.</param>
    /// <param name="rows">How many rows.</param>
    /// <param name="bias">b.</param>
    /// <param name="y">The output's plane in the first image.</param>
    /// <param name="image">The distance between images.</param>
    internal void Outputs(float* m, long element, int first, int rows, float bias, float* y, long image)
    {
        for (var row = 0; row < rows; row++, m += Width)
        {
            var (n, i) = Math.DivRem(first + row, Height);
            var target = y + (n * image) + (2L * i * g.Windows[2]);
            for (var j = 0; j < Width; j += Vector)
                OutputTiles(m + j, element, Vector512.Create(bias), target + (2 * j), g.Windows[2], Math.Min(g.Windows[2] - (2 * j), 2 * Vector), (2 * i) + 1 < g.Windows[1]);
        }
    }

    /// <summary>Writes A dY Aᵀ of some rows of tiles: Q[element, tile, output].</summary>
    /// <param name="dY">The first output of the first image.</param>
    /// <param name="image">The distance between images.</param>
    /// <param name="first">The first row of tiles.</param>
    /// <param name="rows">How many rows.</param>
    /// <param name="outputs">How many outputs.</param>
    /// <param name="q">Takes the tiles.</param>
    /// <param name="element">The distance between elements in Q.</param>
    /// <param name="lanes">The distance between tiles in Q: the outputs, up to whole vectors.</param>
    internal void Gradients(float* dY, long image, int first, int rows, int outputs, float* q, long element, int lanes)
    {
        // Two lines of dY as [column, output]; what lies beside the image, and beside the outputs, stays 0.
        var line = 2L * Width * lanes;
        var upper = Scratch.Floats(ScratchUse.Rows, 2 * line);
        new Span<float>(upper, (int)(2 * line)).Clear();
        for (var row = 0; row < rows; row++, q += (long)Width * lanes)
        {
            var (n, i) = Math.DivRem(first + row, Height);
            var from = dY + (n * image) + (2L * i * g.Windows[2]);
            Transposition.Run(from, g.WindowCount, outputs, g.Windows[2], upper, lanes);
            if ((2 * i) + 1 < g.Windows[1])
                Transposition.Run(from + g.Windows[2], g.WindowCount, outputs, g.Windows[2], upper + line, lanes);
            else
                new Span<float>(upper + line, (int)line).Clear();
            for (var j = 0; j < Width; j++)
            {
                for (var o = 0; o < lanes; o += Vector)
                    GradientTile(upper + (2L * j * lanes) + o, lanes, line, q + ((long)j * lanes) + o, element);
            }
        }
    }

    private static void GradientTile(float* upper, int lanes, long line, float* q, long element)
    {
        Vector512<float> a = Vector512.Load(upper), b = Vector512.Load(upper + lanes), c = Vector512.Load(upper + line), d = Vector512.Load(upper + line + lanes);
        GradientLine(a, b, q, element);
        GradientLine(a + c, b + d, q + (4 * element), element);
        GradientLine(a - c, b - d, q + (8 * element), element);
        GradientLine(-c, -d, q + (12 * element), element);
    }

    private static void GradientLine(Vector512<float> left, Vector512<float> right, float* q, long element)
    {
        left.Store(q);
        (left + right).Store(q + element);
        (left - right).Store(q + (2 * element));
        (-right).Store(q + (3 * element));
    }

    private static void OutputTiles(float* m, long element, Vector512<float> bias, float* y, int width, int count, bool second)
    {
        var (p0, q0) = Columns(m, element);
        var (p1, q1) = Columns(m + element, element);
        var (p2, q2) = Columns(m + (2 * element), element);
        var (p3, q3) = Columns(m + (3 * element), element);
        Interleave(p0 + p1 + p2 + bias, p1 - p2 - p3 + bias, y, count);
        if (second)
            Interleave(q0 + q1 + q2 + bias, q1 - q2 - q3 + bias, y + width, count);
    }

    // Aᵀ of a column of tiles' numbers: the upper and the lower output.
    private static (Vector512<float> Upper, Vector512<float> Lower) Columns(float* m, long element)
    {
        Vector512<float> m1 = Vector512.Load(m + (4 * element)), m2 = Vector512.Load(m + (8 * element));
        return (Vector512.Load(m) + m1 + m2, m1 - m2 - Vector512.Load(m + (12 * element)));
    }

    private static void Interleave(Vector512<float> even, Vector512<float> odd, float* y, int count)
    {
        Lanes.Store(Lanes.Choose(even, Lower, odd), y, count);
        if (count > Vector)
            Lanes.Store(Lanes.Choose(even, Upper, odd), y + Vector, count - Vector);
    }

    // d B of one line of an image, padded: four lines of numbers, one for each b.
    private void Across(float* plane, int row, float* line, float* to)
    {
        var y = row - g.Before[1];
        if (y < 0 || y >= g.Plane[1])
        {
            new Span<float>(to, 4 * _wide).Clear();
            return;
        }

        Buffer.MemoryCopy(plane + ((long)y * g.Plane[2]), line + g.Before[2], g.Plane[2] * sizeof(float), g.Plane[2] * sizeof(float));
        for (var j = 0; j < _wide; j += Vector)
        {
            var from = line + (2 * j);
            Vector512<float> a = Vector512.Load(from), b = Vector512.Load(from + Vector), c = Vector512.Load(from + 2), d = Vector512.Load(from + Vector + 2);
            Vector512<float> d0 = Lanes.Choose(a, Even, b), d1 = Lanes.Choose(a, Odd, b), d2 = Lanes.Choose(c, Even, d), d3 = Lanes.Choose(c, Odd, d);
            (d0 - d2).Store(to + j);
            (d1 + d2).Store(to + _wide + j);
            (d2 - d1).Store(to + (2 * _wide) + j);
            (d1 - d3).Store(to + (3 * _wide) + j);
        }
    }

    // Bᵀ of what Across wrote for four lines, of which the first is in that place of the ring. What a vector writes behind the row is written
    // again by the next row, or the next channel, or nobody's.
    private void Down(float* across, int upper, float* v, long element)
    {
        float* l0 = across + (upper * 4 * _wide), l1 = across + ((upper + 1) % 4 * 4 * _wide);
        float* l2 = across + ((upper + 2) % 4 * 4 * _wide), l3 = across + ((upper + 3) % 4 * 4 * _wide);
        for (var b = 0; b < 4; b++)
        {
            for (var j = 0; j < Width; j += Vector)
            {
                var at = (b * _wide) + j;
                Vector512<float> d0 = Vector512.Load(l0 + at), d1 = Vector512.Load(l1 + at), d2 = Vector512.Load(l2 + at), d3 = Vector512.Load(l3 + at);
                var to = v + (b * element) + j;
                (d0 - d2).Store(to);
                (d1 + d2).Store(to + (4 * element));
                (d2 - d1).Store(to + (8 * element));
                (d1 - d3).Store(to + (12 * element));
            }
        }
    }
}
