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

    /// <summary>Writes numbers, and a constant more, to as many places of a row.</summary>
    internal unsafe void Put(float* from, int count, float more, float* to)
    {
        if (Strides[2] == 1 && more == 0)
            new ReadOnlySpan<float>(from, count).CopyTo(new(to, count));
        else if (Strides[2] == 1)
            System.Numerics.Tensors.TensorPrimitives.Add(new ReadOnlySpan<float>(from, count), more, new(to, count));
        else if (Strides[2] == 2 && Avx512F.IsSupported)
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
