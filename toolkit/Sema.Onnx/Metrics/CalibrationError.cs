namespace Sema.Onnx.Metrics;

/// <summary>The expected calibration error of the predicted class, with bins of equal mass.</summary>
/// <remarks>
/// <para>The N predictions are sorted by confidence (the probability of the predicted class) and cut into B bins of as many predictions
/// each; the first N mod B bins have one more, and with fewer predictions than bins each is a bin of its own. Equal confidences are not
/// torn apart: a bin takes along all that equal its last, so the result does not depend on the order of the samples.</para>
/// <para>ECE = Σ_b |b|/N · |accuracy(b) − mean confidence(b)|. It is the plain estimate: it is biased upwards, the more the fewer the
/// predictions.</para>
/// <para>Sources: the sum, Guo et al., <see href="https://arxiv.org/abs/1706.04599">arXiv:1706.04599</see>; bins of equal mass, Nguyen
/// and O'Connor, <see href="https://arxiv.org/abs/1508.05154">arXiv:1508.05154</see>; ties, Kumar et al.,
/// <see href="https://arxiv.org/abs/1909.10155">arXiv:1909.10155</see>, whose bins are ranges of confidence.</para>
/// </remarks>
internal sealed class CalibrationError
{
    internal const int Bins = 15;

    /// <summary>More predictions than this are not kept (64 MiB); there is no error then.</summary>
    internal const int Most = 1 << 23;

    // The confidence, negative where the prediction is wrong; a probability is never 0 for the predicted class.
    private readonly List<double> _predictions = [];
    private bool _tooMany;

    /// <summary>Adds a prediction.</summary>
    /// <param name="confidence">The probability of the predicted class, in (0, 1]; NaN where there is none.</param>
    /// <param name="correct">Whether it is the right class.</param>
    internal void Add(double confidence, bool correct)
    {
        _tooMany |= _predictions.Count == Most;
        if (!_tooMany)
            _predictions.Add(correct ? confidence : -confidence);
    }

    /// <summary>Computes the error, in [0, 1]; NaN without a prediction or with one that is no number, <see langword="null"/> where they
    /// are too many to be kept.</summary>
    internal double? Value(int bins = Bins)
    {
        if (_tooMany)
            return null;
        var sorted = _predictions.ToArray();
        if (sorted.Length == 0 || sorted.Any(double.IsNaN))
            return double.NaN;
        Array.Sort(Array.ConvertAll(sorted, Math.Abs), sorted);
        var (count, error) = (Math.Min(bins, sorted.Length), 0.0);
        var (size, larger) = Math.DivRem(sorted.Length, count);
        for (int b = 1, start = 0; b <= count; b++)
        {
            var end = Math.Max(start, (b * size) + Math.Min(b, larger));
            while (end > start && end < sorted.Length && Math.Abs(sorted[end]) == Math.Abs(sorted[end - 1]))
                end++;
            error += Math.Abs(Gap(sorted.AsSpan(start..end)));
            start = end;
        }

        return error / sorted.Length;
    }

    // |b| (accuracy − mean confidence), summed as it comes.
    private static double Gap(ReadOnlySpan<double> bin)
    {
        var gap = 0.0;
        foreach (var prediction in bin)
            gap += (prediction > 0 ? 1 : 0) - Math.Abs(prediction);
        return gap;
    }
}
