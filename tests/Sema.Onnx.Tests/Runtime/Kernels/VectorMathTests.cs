using System.Runtime.Intrinsics;

namespace Sema.Onnx.Runtime.Kernels;

[TestClass]
public sealed class VectorMathTests
{
    [TestMethod]
    public void The_exponential_is_right_to_two_units_in_the_last_place()
    {
        for (var x = -87.3f; x < 88.7f; x += 0.0137f)
            Near(Math.Exp(x), VectorMath.Exp(Vector512.Create(x))[3], $"e^{x}");
        Assert.AreEqual(1f, VectorMath.Exp(Vector512<float>.Zero)[0]);
        Assert.AreEqual(0f, VectorMath.Exp(Vector512.Create(-88f))[0]);
        Assert.AreEqual(0f, VectorMath.Exp(Vector512.Create(float.NegativeInfinity))[0]);
        Assert.AreEqual(float.PositiveInfinity, VectorMath.Exp(Vector512.Create(89f))[0]);
        Assert.AreEqual(float.PositiveInfinity, VectorMath.Exp(Vector512.Create(float.PositiveInfinity))[0]);
        Assert.IsTrue(float.IsNaN(VectorMath.Exp(Vector512.Create(float.NaN))[0]));
    }

    [TestMethod]
    public void The_error_function_is_right_to_two_units_in_the_last_place()
    {
        for (var x = -5f; x < 5f; x += 0.00137f)
            Near(Erf(x), VectorMath.Erf(Vector512.Create(x))[15], $"erf {x}");
        foreach (var large in new[] { 6f, 40f, 1e20f, float.PositiveInfinity })
        {
            Assert.AreEqual(1f, VectorMath.Erf(Vector512.Create(large))[0]);
            Assert.AreEqual(-1f, VectorMath.Erf(Vector512.Create(-large))[0]);
        }

        Assert.IsTrue(float.IsNaN(VectorMath.Erf(Vector512.Create(float.NaN))[0]));
    }

    private static void Near(double expected, float actual, string what) =>
        Assert.IsLessThanOrEqualTo(2.0 * Math.Max(MathF.BitIncrement(MathF.Abs(actual)) - MathF.Abs(actual), 1e-45f), Math.Abs(expected - actual), what);

    // x 2/√π Σ (2x²)ⁿ e^(−x²)/(1·3·5···(2n + 1)): all terms are positive.
    private static double Erf(double x)
    {
        double term = 1, sum = 1;
        for (var n = 1; n < 300; n++)
            sum += term *= 2 * x * x / (2 * n + 1);
        return 2 / Math.Sqrt(Math.PI) * x * Math.Exp(-x * x) * sum;
    }
}
