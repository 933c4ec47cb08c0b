using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>The softmax of rows that have room for whole vectors: their last vector is padded.</summary>
internal static unsafe class RowSoftmax
{
    private const int Vector = GemmTile.Vector;

    // A row's maximum and sum each wait for many steps; those of several rows wait together.
    private const int RowsAtOnce = 8;

    /// <summary>Adds a mask to rows.</summary>
    /// <param name="x">The rows.</param>
    /// <param name="stride">The distance between them.</param>
    /// <param name="rows">How many there are.</param>
    /// <param name="count">The numbers of a row.</param>
    /// <param name="mask">The mask.</param>
    /// <param name="maskStride">The distance between its rows; 0 where one serves for all.</param>
    /// <param name="step">The distance between a row's numbers: 1, or 0 where one serves for all.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Add(float* x, nint stride, int rows, int count, float* mask, long maskStride, long step)
    {
        for (var row = 0; row < rows; row++, x += stride, mask += maskStride)
        {
            for (var i = 0; i < count; i += Vector)
                (Vector512.Load(x + i) + (step == 0 ? Vector512.Create(*mask) : Lanes.Load(mask + i, count - i))).Store(x + i);
        }
    }

    /// <summary>Computes the softmax of each row in its place; 0 behind its last number. A row that is −∞ altogether has none: NaN.</summary>
    /// <param name="x">The rows.</param>
    /// <param name="stride">The distance between them.</param>
    /// <param name="rows">How many there are.</param>
    /// <param name="count">The numbers of a row.</param>
    internal static void Run(float* x, nint stride, int rows, int count)
    {
        var numbers = stackalloc float[RowsAtOnce];
        for (var row = 0; row < rows; row += RowsAtOnce, x += RowsAtOnce * stride)
        {
            var some = Math.Min(RowsAtOnce, rows - row);
            Maxima(x, stride, some, count, numbers);
            Exponentials(x, stride, some, count, numbers);
            Scale(x, stride, some, count, numbers);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Maxima(float* x, nint stride, int rows, int count, float* maxima)
    {
        var whole = count & -Vector;
        Vector512<float> none = Vector512.Create(float.NegativeInfinity), mask = Lanes.Mask(count - whole);
        for (var row = 0; row < rows; row++, x += stride)
        {
            var largest = none;
            for (var i = 0; i < whole; i += Vector)
                largest = Vector512.MaxNative(largest, Vector512.Load(x + i));
            if (whole < count)
                largest = Vector512.MaxNative(largest, Vector512.ConditionalSelect(mask, Vector512.Load(x + whole), none));
            maxima[row] = Largest(largest);
        }
    }

    // eˣ over that of the largest, and its sums' reciprocals in the maxima's place.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Exponentials(float* x, nint stride, int rows, int count, float* maxima)
    {
        var whole = count & -Vector;
        var mask = Lanes.Mask(count - whole);
        for (var row = 0; row < rows; row++, x += stride)
        {
            var top = Vector512.Create(maxima[row]);
            Vector512<float> sum = default;
            for (var i = 0; i < whole; i += Vector)
            {
                var weight = VectorMath.Exp(Vector512.Load(x + i) - top);
                weight.Store(x + i);
                sum += weight;
            }

            if (whole < count)
            {
                var weight = VectorMath.Exp(Vector512.Load(x + whole) - top) & mask;
                weight.Store(x + whole);
                sum += weight;
            }

            maxima[row] = 1 / Vector512.Sum(sum);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scale(float* x, nint stride, int rows, int count, float* factors)
    {
        var whole = count & -Vector;
        var mask = Lanes.Mask(count - whole);
        for (var row = 0; row < rows; row++, x += stride)
        {
            var factor = Vector512.Create(factors[row]);
            for (var i = 0; i < whole; i += Vector)
                (Vector512.Load(x + i) * factor).Store(x + i);
            if (whole < count)
                ((Vector512.Load(x + whole) * factor) & mask).Store(x + whole);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Largest(Vector512<float> lanes)
    {
        var eight = Vector256.MaxNative(lanes.GetLower(), lanes.GetUpper());
        var four = Vector128.MaxNative(eight.GetLower(), eight.GetUpper());
        four = Vector128.MaxNative(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Vector128.MaxNative(four, Vector128.Shuffle(four, Vector128.Create(1, 0, 3, 2))).ToScalar();
    }
}
