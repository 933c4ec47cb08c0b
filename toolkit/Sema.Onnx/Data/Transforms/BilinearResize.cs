using System.Numerics;
using System.Runtime.InteropServices;

namespace Sema.Onnx.Data.Transforms;

/// <summary>Resizes one channel by bilinear interpolation with half-pixel centres and no antialiasing.</summary>
/// <remarks>
/// Output pixel i lies at <c>(i + 1/2) · in / out - 1/2</c> of the input, clamped to it: ONNX's <c>Resize</c> with mode
/// <c>linear</c> and <c>half_pixel</c>, and PyTorch's <c>interpolate(mode="bilinear", align_corners=False)</c>.
/// </remarks>
internal sealed class BilinearResize(int height, int width, int newHeight, int newWidth)
{
    private readonly Tap[] _rows = Taps(height, newHeight);
    private readonly Tap[] _columns = Taps(width, newWidth);

    /// <summary>Gets how many floats of scratch <see cref="Apply"/> needs.</summary>
    internal int ScratchLength => 2 * newWidth;

    /// <param name="source">height x width values.</param>
    /// <param name="result">Receives newHeight x newWidth values.</param>
    /// <param name="scratch"><see cref="ScratchLength"/> floats.</param>
    internal void Apply(ReadOnlySpan<float> source, Span<float> result, Span<float> scratch)
    {
        // The two input rows that an output row lies between, already resized sideways; most serve several output rows.
        var upper = scratch[..newWidth];
        var lower = scratch.Slice(newWidth, newWidth);
        var (upperRow, lowerRow) = (-1, -1);
        for (var y = 0; y < newHeight; y++)
        {
            var row = _rows[y];
            if (row.Low != upperRow && row.Low == lowerRow)
            {
                var swap = upper;
                upper = lower;
                lower = swap;
                (upperRow, lowerRow) = (lowerRow, upperRow);
            }

            if (row.Low != upperRow)
                ResizeRow(source.Slice((upperRow = row.Low) * width, width), upper);
            if (row.High != lowerRow)
                ResizeRow(source.Slice((lowerRow = row.High) * width, width), lower);
            Blend(upper, lower, row.Weight, result.Slice(y * newWidth, newWidth));
        }
    }

    private void ResizeRow(ReadOnlySpan<float> source, Span<float> result)
    {
        var columns = _columns;
        for (var x = 0; x < result.Length; x++)
        {
            var column = columns[x];
            var left = source[column.Low];
            result[x] = left + column.Weight * (source[column.High] - left);
        }
    }

    private static void Blend(ReadOnlySpan<float> upper, ReadOnlySpan<float> lower, float weight, Span<float> result)
    {
        var a = MemoryMarshal.Cast<float, Vector<float>>(upper);
        var b = MemoryMarshal.Cast<float, Vector<float>>(lower)[..a.Length];
        var y = MemoryMarshal.Cast<float, Vector<float>>(result)[..a.Length];
        for (var i = 0; i < a.Length; i++)
            y[i] = a[i] + weight * (b[i] - a[i]);
        for (var i = a.Length * Vector<float>.Count; i < result.Length; i++)
            result[i] = upper[i] + weight * (lower[i] - upper[i]);
    }

    private static Tap[] Taps(int length, int newLength)
    {
        var taps = new Tap[newLength];
        for (var i = 0; i < newLength; i++)
        {
            var position = Math.Clamp((i + 0.5) * length / newLength - 0.5, 0, length - 1);
            var low = (int)position;
            taps[i] = new Tap(low, Math.Min(low + 1, length - 1), (float)(position - low));
        }

        return taps;
    }

    /// <summary>The two input positions that an output position lies between, and the share of the second.</summary>
    private readonly record struct Tap(int Low, int High, float Weight);
}
