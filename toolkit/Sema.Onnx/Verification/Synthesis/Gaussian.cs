using Sema.Onnx.Data.Batches;

namespace Sema.Onnx.Verification.Synthesis;

/// <summary>Draws from the standard normal distribution (G. Box, M. Muller 1958), the same numbers for the same seed on every machine.</summary>
internal static class Gaussian
{
    /// <summary>Draws a vector.</summary>
    internal static double[] Vector(ref SplitMix64 random, long count)
    {
        var values = new double[count];
        for (var i = 0; i < values.Length; i += 2)
        {
            var radius = Math.Sqrt(-2 * Math.Log(1 - Uniform(ref random)));
            var (sine, cosine) = Math.SinCos(2 * Math.PI * Uniform(ref random));
            values[i] = radius * cosine;
            if (i + 1 < values.Length)
                values[i + 1] = radius * sine;
        }

        return values;
    }

    /// <summary>Draws uniformly from [0, 1).</summary>
    internal static double Uniform(ref SplitMix64 random) => (random.Next() >> 11) * (1.0 / (1UL << 53));
}
