using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Transposes a matrix: blocks of 4 by 4 in registers, the rest number by number.</summary>
internal static unsafe class Transposition
{
    // Columns that are written side by side: more of them, each on a page of its own, would miss the cache of page addresses.
    private const int Together = 16;

    /// <summary>Writes to[j, i] = from[i, j].</summary>
    /// <param name="from">The matrix.</param>
    /// <param name="fromStride">The distance between its rows.</param>
    /// <param name="rows">Its rows.</param>
    /// <param name="columns">Its columns.</param>
    /// <param name="to">Takes the transposed one.</param>
    /// <param name="toStride">The distance between its rows.</param>
    internal static void Run(float* from, nint fromStride, int rows, int columns, float* to, nint toStride)
    {
        for (var j = 0; j < columns; j += Together)
            Rows(from + j, fromStride, rows, Math.Min(Together, columns - j), to + (j * toStride), toStride);
    }

    private static void Rows(float* from, nint fromStride, int rows, int columns, float* to, nint toStride)
    {
        var (fours, whole) = (rows & ~3, columns & ~3);
        for (var i = 0; i < fours; i += 4)
        {
            for (var j = 0; j < whole; j += 4)
                Block(from + (i * fromStride) + j, fromStride, to + (j * toStride) + i, toStride);
            Rest(from + (i * fromStride) + whole, fromStride, 4, columns - whole, to + (whole * toStride) + i, toStride);
        }

        Rest(from + (fours * fromStride), fromStride, rows - fours, columns, to + fours, toStride);
    }

    private static void Block(float* from, nint fromStride, float* to, nint toStride)
    {
        if (!Sse.IsSupported)
        {
            Rest(from, fromStride, 4, 4, to, toStride);
            return;
        }

        Vector128<float> a = Vector128.Load(from), b = Vector128.Load(from + fromStride), c = Vector128.Load(from + (2 * fromStride)), d = Vector128.Load(from + (3 * fromStride));
        Vector128<float> ab = Sse.UnpackLow(a, b), cd = Sse.UnpackLow(c, d), ef = Sse.UnpackHigh(a, b), gh = Sse.UnpackHigh(c, d);
        Sse.MoveLowToHigh(ab, cd).Store(to);
        Sse.MoveHighToLow(cd, ab).Store(to + toStride);
        Sse.MoveLowToHigh(ef, gh).Store(to + (2 * toStride));
        Sse.MoveHighToLow(gh, ef).Store(to + (3 * toStride));
    }

    private static void Rest(float* from, nint fromStride, int rows, int columns, float* to, nint toStride)
    {
        for (var i = 0; i < rows; i++)
        {
            for (var j = 0; j < columns; j++)
                to[(j * toStride) + i] = from[(i * fromStride) + j];
        }
    }
}
