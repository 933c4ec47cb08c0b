using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>
/// C += A M for the few rows of one step of a recurrence: M is packed once, in panels of 64 columns that a core's second cache holds
/// while the steps go by.
/// </summary>
internal sealed unsafe class StepProduct
{
    /// <summary>The columns of a panel: four vectors.</summary>
    internal const int Panel = 64;

    private const int MostRows = 6;

    private readonly float* _panels;
    private readonly int _depth;

    /// <summary>Prepares a product.</summary>
    /// <param name="memory">Room for <see cref="Size"/> floats.</param>
    /// <param name="depth">The rows of M.</param>
    internal StepProduct(float* memory, int depth)
    {
        _panels = memory;
        _depth = depth;
    }

    /// <summary>Gets how many floats the panels of a matrix take.</summary>
    internal static long Size(int depth, int panels) => (long)depth * panels * Panel;

    /// <summary>Gets the place of a panel's element; a row's 64 elements stand side by side.</summary>
    internal float* At(int panel) => _panels + ((long)panel * _depth * Panel);

    /// <summary>Packs columns of a matrix that is stored by rows; missing ones are 0.</summary>
    /// <param name="panel">The panel.</param>
    /// <param name="matrix">The first of the columns.</param>
    /// <param name="stride">How far the rows stand apart.</param>
    /// <param name="columns">How many columns there are, up to 64.</param>
    internal void PackColumns(int panel, float* matrix, int stride, int columns)
    {
        var packed = At(panel);
        for (var k = 0; k < _depth; k++)
        {
            var row = new Span<float>(packed + ((long)k * Panel), Panel);
            new ReadOnlySpan<float>(matrix + ((long)k * stride), columns).CopyTo(row);
            row[columns..].Clear();
        }
    }

    /// <summary>C += A M, for one panel of M.</summary>
    /// <param name="panel">The panel.</param>
    /// <param name="a">A.</param>
    /// <param name="stride">How far the rows of A stand apart.</param>
    /// <param name="c">C, its rows 64 apart.</param>
    /// <param name="rows">The rows of A and C.</param>
    internal void Multiply(int panel, float* a, int stride, float* c, int rows)
    {
        var blocks = (rows + MostRows - 1) / MostRows;
        for (var block = 0; block < blocks; block++)
        {
            // Even blocks: 20 rows are four of 5, not three of 6 and a rest.
            int first = rows * block / blocks, count = (rows * (block + 1) / blocks) - first;
            Block(count, a + ((long)first * stride), stride, At(panel), c + ((long)first * Panel), _depth);
        }
    }

    private static void Block(int rows, float* a, int stride, float* b, float* c, int depth)
    {
        switch (rows)
        {
            case 1: Block<One>(a, stride, b, c, depth); break;
            case 2: Block<Two>(a, stride, b, c, depth); break;
            case 3: Block<Three>(a, stride, b, c, depth); break;
            case 4: Block<Four>(a, stride, b, c, depth); break;
            case 5: Block<Five>(a, stride, b, c, depth); break;
            default: Block<Six>(a, stride, b, c, depth); break;
        }
    }

    // A leaf with one flat loop: only so the accumulators stay in registers. What a number of rows does not need, the JIT leaves out.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block<TRows>(float* a, nint stride, float* b, float* c, nint depth)
        where TRows : struct, IRows
    {
        Vector512<float> c00 = Vector512.Load(c), c01 = Vector512.Load(c + 16), c02 = Vector512.Load(c + 32), c03 = Vector512.Load(c + 48);
        Vector512<float> c10 = default, c11 = default, c12 = default, c13 = default, c20 = default, c21 = default, c22 = default, c23 = default;
        Vector512<float> c30 = default, c31 = default, c32 = default, c33 = default, c40 = default, c41 = default, c42 = default, c43 = default;
        Vector512<float> c50 = default, c51 = default, c52 = default, c53 = default;
        if (TRows.Count > 1)
            (c10, c11, c12, c13) = (Vector512.Load(c + 64), Vector512.Load(c + 80), Vector512.Load(c + 96), Vector512.Load(c + 112));
        if (TRows.Count > 2)
            (c20, c21, c22, c23) = (Vector512.Load(c + 128), Vector512.Load(c + 144), Vector512.Load(c + 160), Vector512.Load(c + 176));
        if (TRows.Count > 3)
            (c30, c31, c32, c33) = (Vector512.Load(c + 192), Vector512.Load(c + 208), Vector512.Load(c + 224), Vector512.Load(c + 240));
        if (TRows.Count > 4)
            (c40, c41, c42, c43) = (Vector512.Load(c + 256), Vector512.Load(c + 272), Vector512.Load(c + 288), Vector512.Load(c + 304));
        if (TRows.Count > 5)
            (c50, c51, c52, c53) = (Vector512.Load(c + 320), Vector512.Load(c + 336), Vector512.Load(c + 352), Vector512.Load(c + 368));
        nint stride3 = stride * 3, stride5 = stride * 5;

        for (var end = a + depth; a < end; a++, b += Panel)
        {
            Vector512<float> b0 = Vector512.Load(b), b1 = Vector512.Load(b + 16), b2 = Vector512.Load(b + 32), b3 = Vector512.Load(b + 48);
            var x = Vector512.Create(*a);
            c00 = Vector512.MultiplyAddEstimate(x, b0, c00);
            c01 = Vector512.MultiplyAddEstimate(x, b1, c01);
            c02 = Vector512.MultiplyAddEstimate(x, b2, c02);
            c03 = Vector512.MultiplyAddEstimate(x, b3, c03);
            if (TRows.Count > 1)
            {
                x = Vector512.Create(a[stride]);
                c10 = Vector512.MultiplyAddEstimate(x, b0, c10);
                c11 = Vector512.MultiplyAddEstimate(x, b1, c11);
                c12 = Vector512.MultiplyAddEstimate(x, b2, c12);
                c13 = Vector512.MultiplyAddEstimate(x, b3, c13);
            }

            if (TRows.Count > 2)
            {
                x = Vector512.Create(a[stride * 2]);
                c20 = Vector512.MultiplyAddEstimate(x, b0, c20);
                c21 = Vector512.MultiplyAddEstimate(x, b1, c21);
                c22 = Vector512.MultiplyAddEstimate(x, b2, c22);
                c23 = Vector512.MultiplyAddEstimate(x, b3, c23);
            }

            if (TRows.Count > 3)
            {
                x = Vector512.Create(a[stride3]);
                c30 = Vector512.MultiplyAddEstimate(x, b0, c30);
                c31 = Vector512.MultiplyAddEstimate(x, b1, c31);
                c32 = Vector512.MultiplyAddEstimate(x, b2, c32);
                c33 = Vector512.MultiplyAddEstimate(x, b3, c33);
            }

            if (TRows.Count > 4)
            {
                x = Vector512.Create(a[stride * 4]);
                c40 = Vector512.MultiplyAddEstimate(x, b0, c40);
                c41 = Vector512.MultiplyAddEstimate(x, b1, c41);
                c42 = Vector512.MultiplyAddEstimate(x, b2, c42);
                c43 = Vector512.MultiplyAddEstimate(x, b3, c43);
            }

            if (TRows.Count > 5)
            {
                x = Vector512.Create(a[stride5]);
                c50 = Vector512.MultiplyAddEstimate(x, b0, c50);
                c51 = Vector512.MultiplyAddEstimate(x, b1, c51);
                c52 = Vector512.MultiplyAddEstimate(x, b2, c52);
                c53 = Vector512.MultiplyAddEstimate(x, b3, c53);
            }
        }

        Row(c, c00, c01, c02, c03);
        if (TRows.Count > 1)
            Row(c + 64, c10, c11, c12, c13);
        if (TRows.Count > 2)
            Row(c + 128, c20, c21, c22, c23);
        if (TRows.Count > 3)
            Row(c + 192, c30, c31, c32, c33);
        if (TRows.Count > 4)
            Row(c + 256, c40, c41, c42, c43);
        if (TRows.Count > 5)
            Row(c + 320, c50, c51, c52, c53);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Row(float* c, Vector512<float> c0, Vector512<float> c1, Vector512<float> c2, Vector512<float> c3)
    {
        c0.Store(c);
        c1.Store(c + 16);
        c2.Store(c + 32);
        c3.Store(c + 48);
    }

    private interface IRows
    {
        static abstract int Count { get; }
    }

    private readonly struct One : IRows
    {
        public static int Count => 1;
    }

    private readonly struct Two : IRows
    {
        public static int Count => 2;
    }

    private readonly struct Three : IRows
    {
        public static int Count => 3;
    }

    private readonly struct Four : IRows
    {
        public static int Count => 4;
    }

    private readonly struct Five : IRows
    {
        public static int Count => 5;
    }

    private readonly struct Six : IRows
    {
        public static int Count => 6;
    }
}
