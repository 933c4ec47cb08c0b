using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Sixteen hidden values of a row, or as many as are left of it, and the functions that gates are made of.</summary>
internal static unsafe class Gates
{
    /// <summary>Reads sixteen values; what is not left is 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Load(float* from, int left) =>
        left >= Vector512<float>.Count ? Vector512.Load(from) : Lanes.Load(from, left);

    /// <summary>Writes sixteen values, or those that are left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Store(Vector512<float> values, float* to, int left)
    {
        if (left >= Vector512<float>.Count)
            values.Store(to);
        else
            Lanes.Store(values, to, left);
    }

    /// <summary>1/(1 + e^−x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Sigmoid(Vector512<float> x) => Vector512<float>.One / (Vector512<float>.One + Exp(-x));

    /// <summary>tanh x: 1 − 2/(1 + e^2|x|) with the sign of x, and around 0, where that loses digits, a polynomial (Cephes' tanhf).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Tanh(Vector512<float> x)
    {
        var (size, square) = (Vector512.Abs(x), x * x);
        var far = Vector512<float>.One - (Vector512.Create(2f) / (Vector512<float>.One + Exp(size + size)));
        var near = Vector512.Create(-5.70498872745e-3f);
        near = Vector512.MultiplyAddEstimate(near, square, Vector512.Create(2.06390887954e-2f));
        near = Vector512.MultiplyAddEstimate(near, square, Vector512.Create(-5.37397155531e-2f));
        near = Vector512.MultiplyAddEstimate(near, square, Vector512.Create(1.33314422036e-1f));
        near = Vector512.MultiplyAddEstimate(near, square, Vector512.Create(-3.33332819422e-1f));
        near = Vector512.MultiplyAddEstimate(near * square, x, x);
        return Vector512.ConditionalSelect(Vector512.LessThan(size, Vector512.Create(0.625f)), near, Vector512.CopySign(far, x));
    }

    // e^x = 2^n e^r, |r| <= ln 2/2, e^r by Cephes' expf. Adding 1.5·2²³ rounds to n, which then stands in the lowest bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Exp(Vector512<float> x)
    {
        const float magic = 12582912;
        x = Vector512.MinNative(Vector512.Create(87f), Vector512.MaxNative(Vector512.Create(-87f), x));
        var rounded = Vector512.MultiplyAddEstimate(x, Vector512.Create(1.44269504f), Vector512.Create(magic));
        var n = rounded - Vector512.Create(magic);
        var r = Vector512.MultiplyAddEstimate(n, Vector512.Create(-0.693359375f), x);
        r = Vector512.MultiplyAddEstimate(n, Vector512.Create(2.12194440e-4f), r);
        var y = Vector512.Create(1.9875691500e-4f);
        y = Vector512.MultiplyAddEstimate(y, r, Vector512.Create(1.3981999507e-3f));
        y = Vector512.MultiplyAddEstimate(y, r, Vector512.Create(8.3334519073e-3f));
        y = Vector512.MultiplyAddEstimate(y, r, Vector512.Create(4.1665795894e-2f));
        y = Vector512.MultiplyAddEstimate(y, r, Vector512.Create(1.6666665459e-1f));
        y = Vector512.MultiplyAddEstimate(y, r, Vector512.Create(5.0000001201e-1f));
        y = Vector512.MultiplyAddEstimate(y, r * r, r + Vector512<float>.One);
        return (y.AsInt32() + Vector512.ShiftLeft(rounded.AsInt32(), 23)).AsSingle();
    }
}
