using System.Runtime.Intrinsics;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Vectors of 16 floats where fewer may be left, and the functions of a gate.</summary>
internal static unsafe class Lanes
{
    /// <summary>Reads up to 16 floats; missing ones are 0.</summary>
    internal static Vector512<float> Load(float* from, int count)
    {
        if (count >= Vector512<float>.Count)
            return Vector512.Load(from);
        var lanes = Vector512<float>.Zero;
        for (var i = 0; i < count; i++)
            lanes = lanes.WithElement(i, from[i]);
        return lanes;
    }

    /// <summary>Writes up to 16 floats.</summary>
    internal static void Store(this Vector512<float> lanes, float* to, int count)
    {
        if (count >= Vector512<float>.Count)
        {
            lanes.Store(to);
            return;
        }

        for (var i = 0; i < count; i++)
            to[i] = lanes.GetElement(i);
    }

    /// <summary>1/(1 + e^−x).</summary>
    internal static Vector512<float> Sigmoid(Vector512<float> x) => Vector512<float>.One / (Vector512<float>.One + Vector512.Exp(-x));

    /// <summary>tanh x: 1 − 2/(1 + e^2|x|) with the sign of x, and around 0, where that loses digits, a polynomial (Cephes' tanhf).</summary>
    internal static Vector512<float> Tanh(Vector512<float> x)
    {
        var (size, square) = (Vector512.Abs(x), x * x);
        var far = Vector512<float>.One - (Vector512.Create(2f) / (Vector512<float>.One + Vector512.Exp(size + size)));
        var near = Vector512.Create(-5.70498872745e-3f);
        near = Vector512.MultiplyAddEstimate(near, square, Vector512.Create(2.06390887954e-2f));
        near = Vector512.MultiplyAddEstimate(near, square, Vector512.Create(-5.37397155531e-2f));
        near = Vector512.MultiplyAddEstimate(near, square, Vector512.Create(1.33314422036e-1f));
        near = Vector512.MultiplyAddEstimate(near, square, Vector512.Create(-3.33332819422e-1f));
        near = Vector512.MultiplyAddEstimate(near * square, x, x);
        return Vector512.ConditionalSelect(Vector512.LessThan(size, Vector512.Create(0.625f)), near, Vector512.CopySign(far, x));
    }
}
