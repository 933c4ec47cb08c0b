using System.Diagnostics;

namespace Sema.Onnx.Benchmarks;

/// <summary>Times and their medians.</summary>
internal static class Statistic
{
    /// <summary>Gets the time between two stamps, in milliseconds.</summary>
    internal static double Milliseconds(long start, long end) => Stopwatch.GetElapsedTime(start, end).TotalMilliseconds;

    /// <summary>Gets the middle one of some numbers, the upper one of two.</summary>
    internal static double Median(IEnumerable<double> numbers)
    {
        double[] sorted = [.. numbers.Order()];
        return sorted[sorted.Length / 2];
    }
}
