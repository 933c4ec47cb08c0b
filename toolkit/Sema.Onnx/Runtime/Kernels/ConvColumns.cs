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
    private readonly List<Run> _runs = [];

    // Number of runs of each (tap, vector), in that order; they follow one another in _runs.
    private int[] _counts = [];

    /// <summary>Gathers windows.</summary>
    /// <param name="x">The images: the first element of the first channel to be read, of the batch's first image.</param>
    /// <param name="imageStride">The elements from an image to the next.</param>
    /// <param name="channels">How many channels are read.</param>
    /// <param name="first">The first window.</param>
    /// <param name="vectors">How many vectors of 16 windows; those past the last window become zeros.</param>
    /// <param name="columns">Takes [channels · taps, vectors · 16].</param>
    internal void Gather(float* x, long imageStride, int channels, long first, int vectors, float* columns)
    {
        Plan(imageStride, first, vectors);
        var row = (nint)vectors * GemmTile.Vector;
        var next = 0;
        for (var (i, tap) = (0, 0); tap < geometry.Taps; tap++)
        {
            for (var v = 0; v < vectors; v++, i++)
            {
                Copy(x, geometry.PlaneSize, channels, columns + (tap * row) + (v * GemmTile.Vector), geometry.Taps * row,
                    CollectionsMarshal.AsSpan(_runs).Slice(next, _counts[i]));
                next += _counts[i];
            }
        }
    }

    private static void Copy(float* x, nint plane, int channels, float* to, nint row, ReadOnlySpan<Run> runs)
    {
        if (!Avx512F.IsSupported)
            CopyByElement(x, plane, channels, to, row, runs);
        else if (runs.Length == 0)
            CopyNone(channels, to, row);
        else if (runs[0].Step == 2)
            CopyHalves(x, plane, channels, to, row, runs);
        else if (runs.Length == 1 && runs[0] is { From: 0, To: GemmTile.Vector })
            CopyWhole(x + runs[0].Offset, plane, channels, to, row);
        else
            CopyRuns(x, plane, channels, to, row, runs);
    }

    private static void CopyNone(int channels, float* to, nint row)
    {
        for (var c = 0; c < channels; c++, to += row)
            Vector512<float>.Zero.Store(to);
    }

    private static void CopyWhole(float* x, nint plane, int channels, float* to, nint row)
    {
        for (var c = 0; c < channels; c++, x += plane, to += row)
            Vector512.Load(x).Store(to);
    }

    private static void CopyHalves(float* x, nint plane, int channels, float* to, nint row, ReadOnlySpan<Run> runs)
    {
        for (var i = 0; i < runs.Length; i++)
            CopyHalf(x, plane, channels, to, row, runs[i], first: i == 0);
    }

    // Every second element of memory: two vectors of neighbours, of which the even ones are taken.
    private static void CopyHalf(float* x, nint plane, int channels, float* to, nint row, Run run, bool first)
    {
        var from = x + run.Offset;
        Vector512<int> even = Vector512<int>.Indices * 2, lanes = Vector512<int>.Indices;
        var lower = Between(lanes, 2 * run.From, (2 * run.To) - 1);
        var upper = Between(lanes + Vector512.Create(GemmTile.Vector), 2 * run.From, (2 * run.To) - 1);
        for (var c = 0; c < channels; c++, from += plane, to += row)
        {
            var taken = Avx512F.PermuteVar16x32x2(Avx512F.MaskLoad(from, lower, Vector512<float>.Zero), even, Avx512F.MaskLoad(from + GemmTile.Vector, upper, Vector512<float>.Zero));
            (first ? taken : taken | Vector512.Load(to)).Store(to);
        }
    }

    // The first two runs without a loop: that is what rows of 8 or more elements need.
    private static void CopyRuns(float* x, nint plane, int channels, float* to, nint row, ReadOnlySpan<Run> runs)
    {
        var (mask0, mask1) = (Mask(runs[0]), runs.Length > 1 ? Mask(runs[1]) : Vector512<float>.Zero);
        float* x0 = x + runs[0].Offset, x1 = runs.Length > 1 ? x + runs[1].Offset : x0;
        for (var c = 0; c < channels; c++, x0 += plane, x1 += plane)
            Avx512F.MaskLoad(x1, mask1, Avx512F.MaskLoad(x0, mask0, Vector512<float>.Zero)).Store(to + (c * row));
        for (var i = 2; i < runs.Length; i++)
        {
            var mask = Mask(runs[i]);
            var from = x + runs[i].Offset;
            for (var c = 0; c < channels; c++, from += plane)
                Avx512F.MaskLoad(from, mask, Vector512.Load(to + (c * row))).Store(to + (c * row));
        }
    }

    private static void CopyByElement(float* x, nint plane, int channels, float* to, nint row, ReadOnlySpan<Run> runs)
    {
        for (var c = 0; c < channels; c++, x += plane, to += row)
        {
            new Span<float>(to, GemmTile.Vector).Clear();
            foreach (var run in runs)
            {
                for (var lane = run.From; lane < run.To; lane++)
                    to[lane] = x[run.Offset + (lane * run.Step)];
            }
        }
    }

    private static Vector512<float> Mask(Run run) => Between(Vector512<int>.Indices, run.From, run.To);

    private static Vector512<float> Between(Vector512<int> lanes, int from, int to) =>
        (Vector512.GreaterThanOrEqual(lanes, Vector512.Create(from)) & Vector512.LessThan(lanes, Vector512.Create(to))).AsSingle();

    private void Plan(long imageStride, long first, int vectors)
    {
        var (last, taps) = ((long)geometry.Batch * geometry.WindowCount, geometry.Taps);
        if (_counts.Length < taps * vectors)
            _counts = new int[taps * vectors];
        _runs.Clear();
        var i = 0;
        for (var tap = 0; tap < taps; tap++)
        {
            for (var v = 0; v < vectors; v++)
            {
                var before = _runs.Count;
                for (var lane = 0; lane < GemmTile.Vector;)
                    lane += Add(imageStride, first + (v * GemmTile.Vector) + lane, last, tap, lane);
                _counts[i++] = _runs.Count - before;
            }
        }
    }

    // Adds the run of the windows from one on that stand in one row, less what is padding; gives how many windows those are.
    private int Add(long imageStride, long window, long last, int tap, int lane)
    {
        if (window >= last)
            return GemmTile.Vector - lane;
        var g = geometry;
        var (image, inImage) = Math.DivRem(window, g.WindowCount);
        var (rows, x) = Math.DivRem((int)inImage, g.Windows[2]);
        var (z, y) = Math.DivRem(rows, g.Windows[1]);
        var count = Math.Min(GemmTile.Vector - lane, g.Windows[2] - x);
        var (tapRows, tapX) = Math.DivRem(tap, g.Kernel[2]);
        var (tapZ, tapY) = Math.DivRem(tapRows, g.Kernel[1]);
        var pz = (z * g.Strides[0]) - g.Before[0] + (tapZ * g.Dilations[0]);
        var py = (y * g.Strides[1]) - g.Before[1] + (tapY * g.Dilations[1]);
        if ((uint)pz >= g.Plane[0] || (uint)py >= g.Plane[1])
            return count;
        var px = (x * g.Strides[2]) - g.Before[2] + (tapX * g.Dilations[2]);
        var start = (image * imageStride) + ((((long)pz * g.Plane[1]) + py) * g.Plane[2]) + px;
        if (g.Strides[2] is 1 or 2)
        {
            var step = g.Strides[2];
            var (from, to) = (Math.Max(0, (step - 1 - px) / step), Math.Min(count, (g.Plane[2] - px + step - 1) / step));
            if (from < to)
                _runs.Add(new(start - (lane * step), lane + from, lane + to, step));
            return count;
        }

        for (var i = 0; i < count; i++)
        {
            if ((uint)(px + (i * g.Strides[2])) < g.Plane[2])
                _runs.Add(new(start + (i * g.Strides[2]) - lane - i, lane + i, lane + i + 1, 1));
        }

        return count;
    }

    /// <summary>Lanes that read memory side by side, or every second number of it.</summary>
    /// <param name="Offset">Where lane 0 would read.</param>
    /// <param name="From">The first lane.</param>
    /// <param name="To">The lane behind the last.</param>
    /// <param name="Step">The elements from a lane's to the next one's: 1 or 2.</param>
    private readonly record struct Run(long Offset, int From, int To, int Step);
}
