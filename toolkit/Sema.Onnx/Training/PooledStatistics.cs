namespace Sema.Onnx.Training;

/// <summary>The mean and the variance of all samples, made of those of batches of equal size.</summary>
/// <remarks>
/// With m batches of n elements a channel, means μᵢ and biased variances vᵢ: μ = Σ μᵢ / m and
/// v = Σ (n vᵢ + n (μᵢ − μ)²) / (m n − 1), which is the unbiased variance of all m n elements. Summed in float64, batch by batch. Source:
/// Chan, Golub, LeVeque, Updating formulae and a pairwise algorithm for computing sample variances (1979).
/// </remarks>
/// <param name="channels">The number of channels.</param>
/// <param name="count">n, the elements of a channel in a batch.</param>
internal sealed class PooledStatistics(int channels, long count)
{
    private readonly double[] _mean = new double[channels], _squares = new double[channels];
    private long _batches;

    internal float[] Mean => Array.ConvertAll(_mean, m => (float)m);

    /// <summary>Gets the unbiased variance; of a single element the biased one, 0, as the running variance has it.</summary>
    internal float[] Variance => Array.ConvertAll(_squares, s => (float)(s / Math.Max(1, (_batches * count) - 1)));

    /// <summary>Adds a batch.</summary>
    /// <param name="mean">μᵢ by channel.</param>
    /// <param name="variance">vᵢ by channel, biased.</param>
    internal void Add(ReadOnlySpan<float> mean, ReadOnlySpan<float> variance)
    {
        _batches++;
        for (var c = 0; c < channels; c++)
        {
            var before = mean[c] - _mean[c];
            _mean[c] += before / _batches;
            _squares[c] += count * (variance[c] + (before * (mean[c] - _mean[c])));
        }
    }
}
