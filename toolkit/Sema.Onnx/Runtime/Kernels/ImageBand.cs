using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>
/// Some rows of an image, in every channel, with their padding. Neighbouring windows see neighbours in memory at every tap, so that a product reads
/// them in place. A row shares its padding with the next one; windows that stand across it are computed and dropped.
/// </summary>
internal sealed unsafe class ImageBand
{
    // A band of so many floats stays in a core's second-level cache.
    private const int Floats = 1 << 17;

    private readonly ConvGeometry _g;
    private readonly int _reach, _pitch;

    /// <summary>Cuts images into bands.</summary>
    /// <param name="g">Windows without strides, over one group's channels.</param>
    /// <param name="least">How many bands of one image there are at least, if it has as many rows of windows.</param>
    internal ImageBand(ConvGeometry g, int least)
    {
        _g = g;
        _reach = (g.Kernel[1] - 1) * g.Dilations[1];
        Width = WidthOf(g);
        var rows = Math.Min((Floats / (g.Channels * Width)) - _reach, g.Windows[1] / least);
        Bands = (g.Windows[1] + Math.Max(1, rows) - 1) / Math.Max(1, rows);
        Rows = (g.Windows[1] + Bands - 1) / Bands;
        Bands = (g.Windows[1] + Rows - 1) / Rows;

        // An odd number of cache lines from a channel to the next, and room behind the last row for a whole panel.
        _pitch = ((((Rows + _reach) * Width) + (2 * GemmTile.Lanes) + g.Before[2]) / GemmTile.Vector | 1) * GemmTile.Vector;
    }

    /// <summary>Gets the elements from a row to the next.</summary>
    internal int Width { get; }

    /// <summary>Gets how many rows of windows a band has; the last one may have fewer.</summary>
    internal int Rows { get; }

    /// <summary>Gets how many bands an image has.</summary>
    internal int Bands { get; }

    /// <summary>Gets whether this pays beside gathering windows, which takes as long as the products of 10 to 20 outputs; 12 is not tuned.</summary>
    internal static bool Pays(ConvGeometry g, int outputs) =>
        g.Taps > 1 && g.Kernel[0] == 1 && g.Plane[0] == 1 && g.Windows[0] == 1 && g.Strides.All(s => s == 1) && g.Before.All(b => b >= 0)
        && (long)outputs * (WidthOf(g) - g.Windows[2]) < 12L * g.Windows[2] && (long)g.Channels * WidthOf(g) * g.Kernel[1] * g.Dilations[1] < Floats;

    /// <summary>Writes where each channel and tap reads, behind what the first channel's first tap does.</summary>
    internal void Offsets(int* to)
    {
        for (var c = 0; c < _g.Channels; c++)
        {
            for (var y = 0; y < _g.Kernel[1]; y++)
            {
                for (var x = 0; x < _g.Kernel[2]; x++)
                    *to++ = (c * _pitch) + (y * _g.Dilations[1] * Width) + (x * _g.Dilations[2]);
            }
        }
    }

    /// <summary>Gets how many rows of windows a band has.</summary>
    internal int RowsOf(int band) => Math.Min(Rows, _g.Windows[1] - (band * Rows));

    /// <summary>Takes a band in.</summary>
    /// <param name="image">The image's first channel.</param>
    /// <param name="band">Which band.</param>
    /// <returns>What the first window sees at the first tap, in scratch memory of the calling thread.</returns>
    internal float* Fill(float* image, int band)
    {
        var data = Scratch.Floats(ScratchUse.Columns, (long)_g.Channels * _pitch);
        var (first, count) = ((band * Rows) - _g.Before[1], RowsOf(band) + _reach);
        int from = Math.Clamp(-first, 0, count), to = Math.Clamp(_g.Plane[1] - first, from, count);
        for (var c = 0; c < _g.Channels; c++)
        {
            var plane = data + ((long)c * _pitch);
            Clear(plane, from * Width);
            Copy(image + ((long)c * _g.PlaneSize) + ((long)(first + from) * _g.Plane[2]), to - from, _g.Plane[2], plane + (from * Width), Width, _g.Before[2]);

            // To the end: gradients of 0 stand over what is behind the last row, and 0 times what a block held before may be NaN.
            new Span<float>(plane + (to * Width), _pitch - (to * Width)).Clear();
        }

        return data;
    }

    // A row shares the zeros behind it with those before the next; windows of two rows never do, even where some see nothing but padding.
    private static int WidthOf(ConvGeometry g) =>
        Math.Max(g.Windows[2], Math.Max(g.Before[2] + g.Plane[2], g.Windows[2] + ((g.Kernel[2] - 1) * g.Dilations[2]) - g.Before[2]));

    // Zeros before and behind each row, as whole vectors: the next row is written over what is too much.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Copy(float* from, int rows, int count, float* to, int width, int before)
    {
        for (; rows > 0; rows--, from += count, to += width)
        {
            for (var i = 0; i < before; i += GemmTile.Vector)
                Vector512<float>.Zero.Store(to + i);
            var x = 0;
            for (; x <= count - GemmTile.Vector; x += GemmTile.Vector)
                Vector512.Load(from + x).Store(to + before + x);
            if (x < count)
            {
                Lanes.Load(from + x, count - x).Store(to + before + x);
                x += GemmTile.Vector;
            }

            for (x += before; x < width; x += GemmTile.Vector)
                Vector512<float>.Zero.Store(to + x);
        }
    }

    // So many zeros, and up to a vector more.
    private static void Clear(float* to, int count)
    {
        for (var i = 0; i < count; i += GemmTile.Vector)
            Vector512<float>.Zero.Store(to + i);
    }
}
