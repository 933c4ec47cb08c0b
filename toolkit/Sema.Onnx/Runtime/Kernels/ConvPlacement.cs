using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Where a convolution's windows are written: side by side, or spread over a larger plane, every stride-th place of it.</summary>
/// <param name="Windows">How many windows stand along each of three axes.</param>
/// <param name="Plane">The sizes of what is written.</param>
/// <param name="Strides">The distances between the places of neighbouring windows.</param>
/// <param name="First">The place of the first window.</param>
internal sealed record ConvPlacement(int[] Windows, int[] Plane, int[] Strides, int[] First)
{
    /// <summary>Gets the elements of a plane.</summary>
    internal int PlaneSize { get; } = Plane[0] * Plane[1] * Plane[2];

    /// <summary>Gets whether windows lie as they are numbered.</summary>
    internal bool IsDense { get; } = Windows.SequenceEqual(Plane);

    /// <summary>Places windows as they are numbered.</summary>
    internal static ConvPlacement Dense(ConvGeometry g) => new(g.Windows, g.Windows, [1, 1, 1], [0, 0, 0]);

    /// <summary>Writes numbers to as many places of a row, plane after plane.</summary>
    /// <param name="from">The first plane's numbers; up to a vector is read behind the last plane's.</param>
    /// <param name="stride">The distance to the next plane's.</param>
    /// <param name="planes">How many planes.</param>
    /// <param name="count">How many numbers of each.</param>
    /// <param name="more">What is added in each plane, or null.</param>
    /// <param name="to">The place in the first plane.</param>
    internal unsafe void Put(float* from, nint stride, int planes, int count, float* more, float* to)
    {
        // An axis of one element has a stride, too.
        if (IsDense || Strides[2] == 1)
            PutSideBySide(from, stride, planes, count, more, to, PlaneSize);
        else
        {
            for (var plane = 0; plane < planes; plane++)
                PutApart(from + (plane * stride), count, more == null ? 0 : more[plane], to + ((nint)plane * PlaneSize));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void PutSideBySide(float* from, nint stride, int planes, int count, float* more, float* to, nint toStride)
    {
        for (nint plane = 0; plane < planes; plane++, from += stride, to += toStride)
        {
            var m = Vector512.Create(more == null ? 0 : more[plane]);
            var i = 0;
            for (; i <= count - GemmTile.Vector; i += GemmTile.Vector)
                (Vector512.Load(from + i) + m).Store(to + i);
            if (i < count)
                Lanes.Store(Vector512.Load(from + i) + m, to + i, count - i);
        }
    }

    private unsafe void PutApart(float* from, int count, float more, float* to)
    {
        if (Strides[2] == 2 && Avx512F.IsSupported)
            PutHalves(from, count, more, to);
        else
        {
            for (var i = 0; i < count; i++)
                to[(nint)i * Strides[2]] = from[i] + more;
        }
    }

    // Every number twice, of which every second one is written.
    private static unsafe void PutHalves(float* from, int count, float more, float* to)
    {
        var (twice, second) = (Vector512<int>.Indices >> 1, Vector512.Create(GemmTile.Vector / 2));
        var odd = Vector512.Equals(Vector512<int>.Indices & Vector512<int>.One, Vector512<int>.One).AsSingle();
        for (var i = 0; i < count; i += GemmTile.Vector)
        {
            var numbers = Lanes.Load(from + i, count - i) + Vector512.Create(more);
            var left = 2 * (count - i);
            Avx512F.MaskStore(to + (2 * i), Vector512.AndNot(Lanes.Mask(left), odd), Avx512F.PermuteVar16x32(numbers, twice));
            Avx512F.MaskStore(to + (2 * i) + GemmTile.Vector, Vector512.AndNot(Lanes.Mask(left - GemmTile.Vector), odd), Avx512F.PermuteVar16x32(numbers, twice + second));
        }
    }

    /// <summary>Gets the place of a window of an image, and how many from it on follow at even distances.</summary>
    internal (int Place, int Run) Of(int window)
    {
        if (IsDense)
            return (window, PlaneSize - window);
        var (rows, x) = Math.DivRem(window, Windows[2]);
        var (z, y) = Math.DivRem(rows, Windows[1]);
        var place = (((((z * Strides[0]) + First[0]) * Plane[1]) + (y * Strides[1]) + First[1]) * Plane[2]) + (x * Strides[2]) + First[2];
        return (place, Windows[2] - x);
    }
}
