using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>The functions that gates are made of, of sixteen values at once.</summary>
internal static class Gates
{
    /// <summary>1/(1 + e^−x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Sigmoid(Vector512<float> x) => Vector512<float>.One / (Vector512<float>.One + VectorMath.Exp(-x));

    /// <summary>tanh x: 1 − 2/(1 + e^2|x|) with the sign of x, and around 0, where that loses digits, a polynomial (Cephes' tanhf).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Tanh(Vector512<float> x)
    {
        var (size, square) = (Vector512.Abs(x), x * x);
        var far = Vector512<float>.One - (Vector512.Create(2f) / (Vector512<float>.One + VectorMath.Exp(size + size)));
        var near = Vector512.Create(-5.70498872745e-3f);
        near = Vector512.MultiplyAddEstimate(near, square, Vector512.Create(2.06390887954e-2f));
        near = Vector512.MultiplyAddEstimate(near, square, Vector512.Create(-5.37397155531e-2f));
        near = Vector512.MultiplyAddEstimate(near, square, Vector512.Create(1.33314422036e-1f));
        near = Vector512.MultiplyAddEstimate(near, square, Vector512.Create(-3.33332819422e-1f));
        near = Vector512.MultiplyAddEstimate(near * square, x, x);
        return Vector512.ConditionalSelect(Vector512.LessThan(size, Vector512.Create(0.625f)), near, Vector512.CopySign(far, x));
    }
}
