using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Reads and writes the first lanes of a vector, at the end of an array whose length is no multiple of a vector's.</summary>
internal static unsafe class Lanes
{
    private static readonly Vector512<int> Numbers = Vector512.Create(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);

    /// <summary>All bits set in the first lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Mask(long count) => Vector512.LessThan(Numbers, Vector512.Create((int)count)).AsSingle();

    /// <summary>A vector's elements, or the first ones where fewer are left; zeros behind them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Load(float* source, long count) =>
        count >= Vector512<float>.Count ? Vector512.Load(source)
        : Avx512F.IsSupported ? Avx512F.MaskLoad(source, Mask(count), Vector512<float>.Zero) : LoadEach(source, count);

    /// <summary>The elements of two vectors, side by side, that are chosen by their numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Choose(Vector512<float> lower, Vector512<int> chosen, Vector512<float> upper) =>
        Avx512F.IsSupported ? Avx512F.PermuteVar16x32x2(lower, chosen, upper) : ChooseEach(lower, chosen, upper);

    /// <summary>Writes all lanes, or the first ones where fewer are left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Store(Vector512<float> lanes, float* target, long count)
    {
        if (count >= Vector512<float>.Count)
            lanes.Store(target);
        else if (Avx512F.IsSupported)
            Avx512F.MaskStore(target, Mask(count), lanes);
        else
            StoreEach(lanes, target, count);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Vector512<float> LoadEach(float* source, long count)
    {
        Vector512<float> lanes = default;
        for (var i = 0; i < count; i++)
            ((float*)&lanes)[i] = source[i];
        return lanes;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Vector512<float> ChooseEach(Vector512<float> lower, Vector512<int> chosen, Vector512<float> upper)
    {
        Vector512<float> lanes = default;
        for (var i = 0; i < Vector512<float>.Count; i++)
            ((float*)&lanes)[i] = chosen[i] < Vector512<float>.Count ? lower[chosen[i]] : upper[chosen[i] - Vector512<float>.Count];
        return lanes;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void StoreEach(Vector512<float> lanes, float* target, long count)
    {
        for (var i = 0; i < count; i++)
            target[i] = ((float*)&lanes)[i];
    }
}
