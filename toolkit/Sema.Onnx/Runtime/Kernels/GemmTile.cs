using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>The innermost product of all convolutions: C[8, lanes] (+)= Σ A[8, k] B[k, lanes], in float32.</summary>
/// <remarks>
/// The accumulators stay in registers only in a method of its own with one flat loop: a call, a nested loop or a stackalloc in it spills them.
/// </remarks>
internal static unsafe class GemmTile
{
    /// <summary>The rows of a tile.</summary>
    internal const int Rows = 8;

    /// <summary>The lanes of a vector.</summary>
    internal const int Vector = 16;

    /// <summary>The lanes of the widest tile.</summary>
    internal const int Lanes = 3 * Vector;

    /// <summary>Gets the least multiple that holds a count.</summary>
    internal static int Whole(int count, int multiple) => (count + multiple - 1) / multiple * multiple;

    /// <summary>C[rows, lanes] (+)= A B, tile by tile; rows count in eights and lanes in sixteens.</summary>
    /// <param name="a">A.</param>
    /// <param name="lda">The distance between rows of A.</param>
    /// <param name="step">The distance between a row's numbers.</param>
    /// <param name="b">B.</param>
    /// <param name="ldb">The distance between rows of B.</param>
    /// <param name="depth">How many products a sum has.</param>
    /// <param name="c">C.</param>
    /// <param name="ldc">The distance between rows of C.</param>
    /// <param name="rows">The rows of C.</param>
    /// <param name="lanes">The lanes of C.</param>
    /// <param name="add">Whether the sums are added to what C holds.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Product(float* a, nint lda, nint step, float* b, nint ldb, nint depth, float* c, nint ldc, int rows, int lanes, bool add)
    {
        for (var lane = 0; lane < lanes;)
        {
            // Four vectors are two and two: a single one would wait for its own sums.
            var left = (lanes - lane) / Vector;
            var vectors = left is 4 or 2 ? 2 : Math.Min(left, 3);
            for (var row = 0; row < rows; row += Rows)
                Multiply(a + (row * lda), b + lane, new EvenLayout(lda, step, ldb), depth, c + (row * ldc) + lane, ldc, vectors, add);
            lane += vectors * Vector;
        }
    }

    /// <summary>Computes a tile.</summary>
    /// <param name="a">A.</param>
    /// <param name="b">B.</param>
    /// <param name="at">Where their rows lie.</param>
    /// <param name="depth">How many products a sum has.</param>
    /// <param name="c">C.</param>
    /// <param name="ldc">The distance between rows of C.</param>
    /// <param name="vectors">The lanes, in vectors of 16: 1 to 3.</param>
    /// <param name="add">Whether the sums are added to what C holds.</param>
    internal static void Multiply<TLayout>(float* a, float* b, TLayout at, nint depth, float* c, nint ldc, int vectors, bool add)
        where TLayout : struct, ITileLayout
    {
        if (!Vector512.IsHardwareAccelerated)
            Narrow(a, b, at, depth, c, ldc, vectors, add);
        else if (vectors == 3)
            Tile3(a, b, at, depth, c, ldc, add);
        else if (vectors == 2)
            Tile2(a, b, at, depth, c, ldc, add);
        else
            Tile1(a, b, at, depth, c, ldc, add);
    }

    /// <summary>8 rows by 48 lanes: 24 accumulators, 3 vectors of B and one number of A fill the 32 registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile3<TLayout>(float* a, float* b, TLayout at, nint depth, float* c, nint ldc, bool add)
        where TLayout : struct, ITileLayout
    {
        float* a0 = a + at.Row(0), a1 = a + at.Row(1), a2 = a + at.Row(2), a3 = a + at.Row(3), a4 = a + at.Row(4), a5 = a + at.Row(5), a6 = a + at.Row(6), a7 = a + at.Row(7);
        Vector512<float> c00 = default, c10 = default, c20 = default, c30 = default, c40 = default, c50 = default, c60 = default, c70 = default;
        Vector512<float> c01 = default, c11 = default, c21 = default, c31 = default, c41 = default, c51 = default, c61 = default, c71 = default;
        Vector512<float> c02 = default, c12 = default, c22 = default, c32 = default, c42 = default, c52 = default, c62 = default, c72 = default;
        for (nint i = 0, k = 0; i < depth; i++, k += at.Step)
        {
            var line = b + at.Line(i);
            Vector512<float> b0 = Vector512.Load(line), b1 = Vector512.Load(line + 16), b2 = Vector512.Load(line + 32);
            var x0 = Vector512.Create(a0[k]);
            c00 = Vector512.FusedMultiplyAdd(x0, b0, c00); c01 = Vector512.FusedMultiplyAdd(x0, b1, c01); c02 = Vector512.FusedMultiplyAdd(x0, b2, c02);
            var x1 = Vector512.Create(a1[k]);
            c10 = Vector512.FusedMultiplyAdd(x1, b0, c10); c11 = Vector512.FusedMultiplyAdd(x1, b1, c11); c12 = Vector512.FusedMultiplyAdd(x1, b2, c12);
            var x2 = Vector512.Create(a2[k]);
            c20 = Vector512.FusedMultiplyAdd(x2, b0, c20); c21 = Vector512.FusedMultiplyAdd(x2, b1, c21); c22 = Vector512.FusedMultiplyAdd(x2, b2, c22);
            var x3 = Vector512.Create(a3[k]);
            c30 = Vector512.FusedMultiplyAdd(x3, b0, c30); c31 = Vector512.FusedMultiplyAdd(x3, b1, c31); c32 = Vector512.FusedMultiplyAdd(x3, b2, c32);
            var x4 = Vector512.Create(a4[k]);
            c40 = Vector512.FusedMultiplyAdd(x4, b0, c40); c41 = Vector512.FusedMultiplyAdd(x4, b1, c41); c42 = Vector512.FusedMultiplyAdd(x4, b2, c42);
            var x5 = Vector512.Create(a5[k]);
            c50 = Vector512.FusedMultiplyAdd(x5, b0, c50); c51 = Vector512.FusedMultiplyAdd(x5, b1, c51); c52 = Vector512.FusedMultiplyAdd(x5, b2, c52);
            var x6 = Vector512.Create(a6[k]);
            c60 = Vector512.FusedMultiplyAdd(x6, b0, c60); c61 = Vector512.FusedMultiplyAdd(x6, b1, c61); c62 = Vector512.FusedMultiplyAdd(x6, b2, c62);
            var x7 = Vector512.Create(a7[k]);
            c70 = Vector512.FusedMultiplyAdd(x7, b0, c70); c71 = Vector512.FusedMultiplyAdd(x7, b1, c71); c72 = Vector512.FusedMultiplyAdd(x7, b2, c72);
        }

        Put3(c, c00, c01, c02, add);
        Put3(c + ldc, c10, c11, c12, add);
        Put3(c + (2 * ldc), c20, c21, c22, add);
        Put3(c + (3 * ldc), c30, c31, c32, add);
        Put3(c + (4 * ldc), c40, c41, c42, add);
        Put3(c + (5 * ldc), c50, c51, c52, add);
        Put3(c + (6 * ldc), c60, c61, c62, add);
        Put3(c + (7 * ldc), c70, c71, c72, add);
    }

    /// <summary>8 rows by 32 lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile2<TLayout>(float* a, float* b, TLayout at, nint depth, float* c, nint ldc, bool add)
        where TLayout : struct, ITileLayout
    {
        float* a0 = a + at.Row(0), a1 = a + at.Row(1), a2 = a + at.Row(2), a3 = a + at.Row(3), a4 = a + at.Row(4), a5 = a + at.Row(5), a6 = a + at.Row(6), a7 = a + at.Row(7);
        Vector512<float> c00 = default, c10 = default, c20 = default, c30 = default, c40 = default, c50 = default, c60 = default, c70 = default;
        Vector512<float> c01 = default, c11 = default, c21 = default, c31 = default, c41 = default, c51 = default, c61 = default, c71 = default;
        for (nint i = 0, k = 0; i < depth; i++, k += at.Step)
        {
            var line = b + at.Line(i);
            Vector512<float> b0 = Vector512.Load(line), b1 = Vector512.Load(line + 16);
            var x0 = Vector512.Create(a0[k]);
            c00 = Vector512.FusedMultiplyAdd(x0, b0, c00); c01 = Vector512.FusedMultiplyAdd(x0, b1, c01);
            var x1 = Vector512.Create(a1[k]);
            c10 = Vector512.FusedMultiplyAdd(x1, b0, c10); c11 = Vector512.FusedMultiplyAdd(x1, b1, c11);
            var x2 = Vector512.Create(a2[k]);
            c20 = Vector512.FusedMultiplyAdd(x2, b0, c20); c21 = Vector512.FusedMultiplyAdd(x2, b1, c21);
            var x3 = Vector512.Create(a3[k]);
            c30 = Vector512.FusedMultiplyAdd(x3, b0, c30); c31 = Vector512.FusedMultiplyAdd(x3, b1, c31);
            var x4 = Vector512.Create(a4[k]);
            c40 = Vector512.FusedMultiplyAdd(x4, b0, c40); c41 = Vector512.FusedMultiplyAdd(x4, b1, c41);
            var x5 = Vector512.Create(a5[k]);
            c50 = Vector512.FusedMultiplyAdd(x5, b0, c50); c51 = Vector512.FusedMultiplyAdd(x5, b1, c51);
            var x6 = Vector512.Create(a6[k]);
            c60 = Vector512.FusedMultiplyAdd(x6, b0, c60); c61 = Vector512.FusedMultiplyAdd(x6, b1, c61);
            var x7 = Vector512.Create(a7[k]);
            c70 = Vector512.FusedMultiplyAdd(x7, b0, c70); c71 = Vector512.FusedMultiplyAdd(x7, b1, c71);
        }

        Put2(c, c00, c01, add);
        Put2(c + ldc, c10, c11, add);
        Put2(c + (2 * ldc), c20, c21, add);
        Put2(c + (3 * ldc), c30, c31, add);
        Put2(c + (4 * ldc), c40, c41, add);
        Put2(c + (5 * ldc), c50, c51, add);
        Put2(c + (6 * ldc), c60, c61, add);
        Put2(c + (7 * ldc), c70, c71, add);
    }

    /// <summary>8 rows by 16 lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile1<TLayout>(float* a, float* b, TLayout at, nint depth, float* c, nint ldc, bool add)
        where TLayout : struct, ITileLayout
    {
        float* a0 = a + at.Row(0), a1 = a + at.Row(1), a2 = a + at.Row(2), a3 = a + at.Row(3), a4 = a + at.Row(4), a5 = a + at.Row(5), a6 = a + at.Row(6), a7 = a + at.Row(7);
        Vector512<float> c00 = default, c10 = default, c20 = default, c30 = default, c40 = default, c50 = default, c60 = default, c70 = default;
        for (nint i = 0, k = 0; i < depth; i++, k += at.Step)
        {
            var line = b + at.Line(i);
            Vector512<float> b0 = Vector512.Load(line);
            var x0 = Vector512.Create(a0[k]);
            c00 = Vector512.FusedMultiplyAdd(x0, b0, c00);
            var x1 = Vector512.Create(a1[k]);
            c10 = Vector512.FusedMultiplyAdd(x1, b0, c10);
            var x2 = Vector512.Create(a2[k]);
            c20 = Vector512.FusedMultiplyAdd(x2, b0, c20);
            var x3 = Vector512.Create(a3[k]);
            c30 = Vector512.FusedMultiplyAdd(x3, b0, c30);
            var x4 = Vector512.Create(a4[k]);
            c40 = Vector512.FusedMultiplyAdd(x4, b0, c40);
            var x5 = Vector512.Create(a5[k]);
            c50 = Vector512.FusedMultiplyAdd(x5, b0, c50);
            var x6 = Vector512.Create(a6[k]);
            c60 = Vector512.FusedMultiplyAdd(x6, b0, c60);
            var x7 = Vector512.Create(a7[k]);
            c70 = Vector512.FusedMultiplyAdd(x7, b0, c70);
        }

        Put1(c, c00, add);
        Put1(c + ldc, c10, add);
        Put1(c + (2 * ldc), c20, add);
        Put1(c + (3 * ldc), c30, add);
        Put1(c + (4 * ldc), c40, add);
        Put1(c + (5 * ldc), c50, add);
        Put1(c + (6 * ldc), c60, add);
        Put1(c + (7 * ldc), c70, add);
    }

    // Where vectors have 8 lanes and there are 16 registers: 4 rows by 16 lanes at a time.
    private static void Narrow<TLayout>(float* a, float* b, TLayout at, nint depth, float* c, nint ldc, int vectors, bool add)
        where TLayout : struct, ITileLayout
    {
        for (var row = 0; row < Rows; row += 4)
        {
            for (var v = 0; v < vectors; v++)
                NarrowTile(a, row, b + (v * Vector), at, depth, c + (row * ldc) + (v * Vector), ldc, add);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void NarrowTile<TLayout>(float* a, int row, float* b, TLayout at, nint depth, float* c, nint ldc, bool add)
        where TLayout : struct, ITileLayout
    {
        float* a0 = a + at.Row(row), a1 = a + at.Row(row + 1), a2 = a + at.Row(row + 2), a3 = a + at.Row(row + 3);
        Vector256<float> c00 = default, c10 = default, c20 = default, c30 = default, c01 = default, c11 = default, c21 = default, c31 = default;
        for (nint i = 0, k = 0; i < depth; i++, k += at.Step)
        {
            var line = b + at.Line(i);
            Vector256<float> b0 = Vector256.Load(line), b1 = Vector256.Load(line + 8);
            var x0 = Vector256.Create(a0[k]);
            (c00, c01) = (Vector256.MultiplyAddEstimate(x0, b0, c00), Vector256.MultiplyAddEstimate(x0, b1, c01));
            var x1 = Vector256.Create(a1[k]);
            (c10, c11) = (Vector256.MultiplyAddEstimate(x1, b0, c10), Vector256.MultiplyAddEstimate(x1, b1, c11));
            var x2 = Vector256.Create(a2[k]);
            (c20, c21) = (Vector256.MultiplyAddEstimate(x2, b0, c20), Vector256.MultiplyAddEstimate(x2, b1, c21));
            var x3 = Vector256.Create(a3[k]);
            (c30, c31) = (Vector256.MultiplyAddEstimate(x3, b0, c30), Vector256.MultiplyAddEstimate(x3, b1, c31));
        }

        PutNarrow(c, c00, c01, add);
        PutNarrow(c + ldc, c10, c11, add);
        PutNarrow(c + (2 * ldc), c20, c21, add);
        PutNarrow(c + (3 * ldc), c30, c31, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PutNarrow(float* c, Vector256<float> v0, Vector256<float> v1, bool add)
    {
        (add ? Vector256.Load(c) + v0 : v0).Store(c);
        (add ? Vector256.Load(c + 8) + v1 : v1).Store(c + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put3(float* c, Vector512<float> v0, Vector512<float> v1, Vector512<float> v2, bool add)
    {
        Put2(c, v0, v1, add);
        Put1(c + 32, v2, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put2(float* c, Vector512<float> v0, Vector512<float> v1, bool add)
    {
        Put1(c, v0, add);
        Put1(c + 16, v1, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put1(float* c, Vector512<float> v, bool add) => (add ? Vector512.Load(c) + v : v).Store(c);
}
