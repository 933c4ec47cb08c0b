using Sema.Onnx.Averaging;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Training;

/// <summary>Adds shadows up to an average: Σ share·e, summed in float64 and rounded once.</summary>
internal static class Mixtures
{
    private const int Piece = 1 << 18;

    /// <summary>Fills an arena with a sum of others.</summary>
    internal static void Add(IReadOnlyList<Portion> portions, IReadOnlyList<Arena> shadows, Arena result)
    {
        var part = new float[(int)Math.Min(Piece, result.Length)];
        var sum = new double[part.Length];
        for (long start = 0; start < result.Length; start += Piece)
        {
            var length = (int)Math.Min(Piece, result.Length - start);
            sum.AsSpan().Clear();
            foreach (var (shadow, share) in portions)
            {
                shadows[shadow].CopyTo(part.AsSpan(0, length), start);
                Add(part.AsSpan(0, length), share, sum);
            }

            Round(sum, part.AsSpan(0, length));
            result.CopyFrom<float>(part.AsSpan(0, length), start);
        }
    }

    /// <summary>Gets a sum of tensors of equal length.</summary>
    internal static float[] Add(IReadOnlyList<Portion> portions, Func<int, ReadOnlyMemory<float>> shadow)
    {
        double[] sum = [];
        foreach (var (k, share) in portions)
        {
            var values = shadow(k).Span;
            if (sum.Length == 0)
                sum = new double[values.Length];
            Add(values, share, sum);
        }

        var result = new float[sum.Length];
        Round(sum, result);
        return result;
    }

    /// <summary>sum ← sum + share·values</summary>
    internal static void Add(ReadOnlySpan<float> values, double share, Span<double> sum)
    {
        for (var i = 0; i < values.Length; i++)
            sum[i] += share * values[i];
    }

    private static void Round(ReadOnlySpan<double> sum, Span<float> result)
    {
        for (var i = 0; i < result.Length; i++)
            result[i] = (float)sum[i];
    }
}
