using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>
/// Gathers what some windows see, for a matrix product: a row for each channel and tap, a column for each window. Windows are numbered through
/// the whole batch, and 16 neighbours of them read a few runs of memory, the same ones in every channel: found once, then copied channel by channel.
/// </summary>
internal sealed unsafe class ConvColumns(ConvGeometry geometry)
{
    private readonly List<WindowRow> _rows = [];

    // What fills the rows of one channel, vector after vector; the last run of each is marked.
    private readonly List<Run> _runs = [];
    private int _vectors;

    /// <summary>Gathers what the windows see that <see cref="Aim"/> chose.</summary>
    /// <param name="x">The first element of the first channel to be read, of the batch's first image.</param>
    /// <param name="channels">How many channels are read.</param>
    /// <param name="columns">Takes [channels · taps, vectors · 16].</param>
    internal void Gather(float* x, int channels, float* columns)
    {
        fixed (Run* runs = CollectionsMarshal.AsSpan(_runs))
        {
            if (!Avx512F.IsSupported)
                CopyByElement(x, geometry.PlaneSize, channels, runs, _runs.Count, columns);
            else if (_runs.Count == geometry.Taps * _vectors && geometry.Strides[2] == 1)
                CopyOnes(x, geometry.PlaneSize, channels, runs, _runs.Count, columns);
            else
                Copy(x, geometry.PlaneSize, channels, runs, _runs.Count, columns);
        }
    }

    // Channel by channel: what is read stays in the first-level cache from tap to tap, and what is written is one stream.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Copy(float* x, nint plane, int channels, Run* runs, int count, float* to)
    {
        var even = Vector512<int>.Indices * 2;
        for (var c = 0; c < channels; c++, x += plane)
        {
            var vector = Vector512<float>.Zero;
            for (var run = runs; run < runs + count; run++)
            {
                var from = x + run->Offset;
                if (run->Upper == null)
                    vector = Avx512F.MaskLoad(from, Vector512.Load(run->Mask), vector);
                else
                {
                    // Every second element of memory: two vectors of neighbours, of which the even ones are taken.
                    vector |= Avx512F.PermuteVar16x32x2(
                        Avx512F.MaskLoad(from, Vector512.Load(run->Mask), Vector512<float>.Zero), even,
                        Avx512F.MaskLoad(from + GemmTile.Vector, Vector512.Load(run->Upper), Vector512<float>.Zero));
                }

                if (run->IsLast)
                {
                    vector.Store(to);
                    to += GemmTile.Vector;
                    vector = Vector512<float>.Zero;
                }
            }
        }
    }

    // The same where each vector is one run of neighbours, as in wide images.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopyOnes(float* x, nint plane, int channels, Run* runs, int count, float* to)
    {
        for (var c = 0; c < channels; c++, x += plane)
        {
            for (var run = runs; run < runs + count; run++, to += GemmTile.Vector)
            {
                if (run->IsWhole)
                    Vector512.Load(x + run->Offset).Store(to);
                else
                    Avx512F.MaskLoad(x + run->Offset, Vector512.Load(run->Mask), Vector512<float>.Zero).Store(to);
            }
        }
    }

    private static void CopyByElement(float* x, nint plane, int channels, Run* runs, int count, float* to)
    {
        for (var c = 0; c < channels; c++, x += plane)
        {
            new Span<float>(to, GemmTile.Vector).Clear();
            for (var run = runs; run < runs + count; run++)
            {
                for (var lane = run->From; lane < run->To; lane++)
                    to[lane] = x[run->Offset + (lane * run->Step)];
                if (!run->IsLast)
                    continue;
                to += GemmTile.Vector;
                if (c < channels - 1 || run < runs + count - 1)
                    new Span<float>(to, GemmTile.Vector).Clear();
            }
        }
    }

    /// <summary>Chooses windows, and finds where they read: once for all channels, and what a tap adds to it needs no division.</summary>
    /// <param name="imageStride">The elements from an image to the next.</param>
    /// <param name="first">The first window.</param>
    /// <param name="vectors">How many vectors of 16 windows; those past the last window become zeros.</param>
    internal void Aim(long imageStride, long first, int vectors)
    {
        var g = geometry;
        _vectors = vectors;
        Rows(imageStride, first, vectors);
        _runs.Clear();
        var rows = CollectionsMarshal.AsSpan(_rows);
        for (var z = 0; z < g.Kernel[0]; z++)
        {
            for (var y = 0; y < g.Kernel[1]; y++)
            {
                for (var x = 0; x < g.Kernel[2]; x++)
                {
                    for (var (v, row) = (0, 0); v < vectors; v++)
                    {
                        var before = _runs.Count;
                        for (; row < rows.Length && rows[row].Vector == v; row++)
                            Add(rows[row], z * g.Dilations[0], y * g.Dilations[1], x * g.Dilations[2]);
                        if (_runs.Count == before)
                            _runs.Add(new(0, 0, 0, 1));
                        CollectionsMarshal.AsSpan(_runs)[^1].IsLast = true;
                    }
                }
            }
        }
    }

    // The windows of each vector that stand in one row of windows.
    private void Rows(long imageStride, long first, int vectors)
    {
        var g = geometry;
        _rows.Clear();
        var end = Math.Min(first + (vectors * GemmTile.Vector), (long)g.Batch * g.WindowCount);
        for (var window = first; window < end;)
        {
            var (image, inImage) = Math.DivRem(window, g.WindowCount);
            var (row, x) = Math.DivRem((int)inImage, g.Windows[2]);
            var (z, y) = Math.DivRem(row, g.Windows[1]);
            var (vector, lane) = Math.DivRem((int)(window - first), GemmTile.Vector);
            var count = (int)Math.Min(Math.Min(GemmTile.Vector - lane, g.Windows[2] - x), end - window);
            _rows.Add(new(vector, lane, count, image * imageStride, (z * g.Strides[0]) - g.Before[0], (y * g.Strides[1]) - g.Before[1], (x * g.Strides[2]) - g.Before[2]));
            window += count;
        }
    }

    // Adds what a tap reads for the windows of a row, less what is padding.
    private void Add(WindowRow row, int dz, int dy, int dx)
    {
        var (plane, step) = (geometry.Plane, geometry.Strides[2]);
        int z = row.Z + dz, y = row.Y + dy, x = row.X + dx;
        if ((uint)z >= plane[0] || (uint)y >= plane[1])
            return;
        var start = row.Image + ((((long)z * plane[1]) + y) * plane[2]) + x;
        if (step <= 2)
        {
            // With a step of 1 or 2, a shift divides.
            var (from, to) = (Math.Max(0, (step - 1 - x) >> (step - 1)), Math.Min(row.Count, (plane[2] - x + step - 1) >> (step - 1)));
            if (from < to)
                _runs.Add(new(start - (row.Lane * step), row.Lane + from, row.Lane + to, step));
            return;
        }

        for (var i = 0; i < row.Count; i++)
        {
            if ((uint)(x + (i * step)) < plane[2])
                _runs.Add(new(start + (i * step) - row.Lane - i, row.Lane + i, row.Lane + i + 1, 1));
        }
    }

    /// <summary>Windows of a vector that stand side by side in one row.</summary>
    /// <param name="Vector">The vector.</param>
    /// <param name="Lane">The first window's lane.</param>
    /// <param name="Count">How many windows.</param>
    /// <param name="Image">Where their image begins.</param>
    /// <param name="Z">The first element that the first window sees, along the first axis; outside the image where there is padding.</param>
    /// <param name="Y">The same along the second axis.</param>
    /// <param name="X">The same along the third.</param>
    private readonly record struct WindowRow(int Vector, int Lane, int Count, long Image, int Z, int Y, int X);

    /// <summary>Lanes that read memory side by side, or every second number of it.</summary>
    /// <param name="offset">Where lane 0 would read.</param>
    /// <param name="from">The first lane.</param>
    /// <param name="to">The lane behind the last.</param>
    /// <param name="step">The elements from a lane's to the next one's: 1 or 2.</param>
    private struct Run(long offset, int from, int to, int step)
    {
        internal readonly nint Offset = (nint)offset;

        /// <summary>The mask of the lanes; with a step of 2, of the numbers that they read of the first 16.</summary>
        internal readonly float* Mask = LaneMasks.Between(step * from, (step * to) - step + 1);

        /// <summary>With a step of 2, the mask of the numbers that they read of the next 16; else null.</summary>
        internal readonly float* Upper = step == 1 ? null : LaneMasks.Between((step * from) - GemmTile.Vector, (step * to) - step + 1 - GemmTile.Vector);

        internal readonly byte From = (byte)from, To = (byte)to, Step = (byte)step;

        /// <summary>Whether all lanes read neighbours.</summary>
        internal readonly bool IsWhole = step == 1 && from == 0 && to == GemmTile.Vector;

        /// <summary>Whether this is the last run of its vector.</summary>
        internal bool IsLast;
    }
}
