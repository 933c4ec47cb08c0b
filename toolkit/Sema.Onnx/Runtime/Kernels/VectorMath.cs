using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Functions of 16 float32 numbers at once, to within two units in the last place.</summary>
internal static class VectorMath
{
    /// <summary>eˣ; 0 below −87.3, where float32 ends, and ∞ above 88.7.</summary>
    /// <remarks>eˣ = 2ⁿ eʳ with n = round(x/ln 2) and |r| ≤ ln 2/2. ln 2 is taken in two parts, so that r is exact; the polynomial is that of the Cephes library.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Exp(Vector512<float> x)
    {
        var lowest = Vector512.Create(-87.33654f);
        var tooSmall = Vector512.LessThan(x, lowest);
        var inside = Vector512.MinNative(Vector512.Create(89f), Vector512.MaxNative(lowest, x));
        var n = Vector512.Round(inside * Vector512.Create(1.44269504f));
        var r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-0.693359375f), inside);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(2.12194440e-4f), r);
        var p = Vector512.FusedMultiplyAdd(Vector512.Create(1.9875691500e-4f), r, Vector512.Create(1.3981999507e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(8.3334519073e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(4.1665795894e-2f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.6666665459e-1f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(5.0000001201e-1f));
        p = Vector512.FusedMultiplyAdd(p, r * r, r) + Vector512<float>.One;

        // In two factors: 2ⁿ itself may be past the end of float32.
        var power = Vector512.ConvertToInt32Native(n);
        var half = power >> 1;
        return Vector512.AndNot(p * PowerOfTwo(half) * PowerOfTwo(power - half), tooSmall);
    }

    /// <summary>The error function.</summary>
    /// <remarks>Minimax polynomials: of x² for |x| below 0.9277, and of |x| in 1 − eᵖ above it. Source: N. Juffa, 2017.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Erf(Vector512<float> x)
    {
        Vector512<float> t = Vector512.Abs(x), s = x * x;
        var r = Vector512.FusedMultiplyAdd(Vector512.Create(-1.72853470e-5f), t, Vector512.Create(3.83197126e-4f));
        var u = Vector512.FusedMultiplyAdd(Vector512.Create(-3.88396438e-3f), t, Vector512.Create(2.42546219e-2f));
        r = Vector512.FusedMultiplyAdd(r, s, u);
        r = Vector512.FusedMultiplyAdd(r, t, Vector512.Create(-1.06777877e-1f));
        r = Vector512.FusedMultiplyAdd(r, t, Vector512.Create(-6.34846687e-1f));
        r = Vector512.FusedMultiplyAdd(r, t, Vector512.Create(-1.28717512e-1f));
        r = Vector512.FusedMultiplyAdd(r, t, -t);
        var far = Vector512.CopySign(Vector512<float>.One - Exp(r), x);

        var q = Vector512.FusedMultiplyAdd(Vector512.Create(-5.96761703e-4f), s, Vector512.Create(4.99119423e-3f));
        q = Vector512.FusedMultiplyAdd(q, s, Vector512.Create(-2.67681349e-2f));
        q = Vector512.FusedMultiplyAdd(q, s, Vector512.Create(1.12819925e-1f));
        q = Vector512.FusedMultiplyAdd(q, s, Vector512.Create(-3.76125336e-1f));
        q = Vector512.FusedMultiplyAdd(q, s, Vector512.Create(1.28379166e-1f));
        var near = Vector512.FusedMultiplyAdd(q, x, x);

        // Of x², the first polynomial of a large x would be ∞ − ∞; erf is 1 from 4 on.
        far = Vector512.ConditionalSelect(Vector512.GreaterThan(t, Vector512.Create(4f)), Vector512.CopySign(Vector512<float>.One, x), far);
        return Vector512.ConditionalSelect(Vector512.GreaterThan(t, Vector512.Create(0.927734375f)), far, near);
    }

    /// <summary>The largest of the lanes; NaN where one is.</summary>
    internal static float Largest(Vector512<float> lanes)
    {
        var largest = lanes[0];
        for (var i = 1; i < Vector512<float>.Count; i++)
            largest = Math.Max(largest, lanes[i]);
        return largest;
    }

    private static Vector512<float> PowerOfTwo(Vector512<int> n) => ((n + Vector512.Create(127)) << 23).AsSingle();
}
