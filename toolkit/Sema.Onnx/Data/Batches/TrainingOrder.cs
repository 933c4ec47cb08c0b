namespace Sema.Onnx.Data.Batches;

/// <summary>Every epoch in another order, which depends on (seed, epoch) alone; what does not fill a batch is left
/// out.</summary>
internal sealed class TrainingOrder : IBatchOrder
{
    private readonly int[] _samples;
    private readonly int _batchSize;
    private readonly ulong _seed;
    private int _epoch = -1;

    /// <exception cref="DataException">There is not one full batch.</exception>
    internal TrainingOrder(int samples, int batchSize, ulong seed)
    {
        if (samples < batchSize)
        {
            throw new DataException($"The training set holds {samples} samples, fewer than one batch of {batchSize}; " +
                $"pass --batch-size {samples} or less, or more data.");
        }

        (_samples, _batchSize, _seed) = (new int[samples], batchSize, seed);
    }

    public int BatchesPerEpoch => _samples.Length / _batchSize;

    public ReadOnlySpan<int> Samples(int epoch, int batch)
    {
        if (epoch != _epoch)
            Shuffle(epoch);
        return _samples.AsSpan(batch * _batchSize, _batchSize);
    }

    // Fisher and Yates: swap each position, from the last, with one of those up to it.
    private void Shuffle(int epoch)
    {
        for (var i = 0; i < _samples.Length; i++)
            _samples[i] = i;

        var random = SplitMix64.For(_seed, RandomStream.Shuffle, epoch);
        for (var i = _samples.Length - 1; i > 0; i--)
        {
            var j = random.NextBelow(i + 1);
            (_samples[i], _samples[j]) = (_samples[j], _samples[i]);
        }

        _epoch = epoch;
    }
}
