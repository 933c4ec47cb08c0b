namespace Sema.Onnx.Data.Batches;

/// <summary>Every sample once, in its stored order; the last batch may be short.</summary>
internal sealed class EvaluationOrder(int samples, int batchSize) : IBatchOrder
{
    private readonly int[] _batch = new int[batchSize];

    public int BatchesPerEpoch => (samples - 1) / batchSize + 1;

    public ReadOnlySpan<int> Samples(int epoch, int batch)
    {
        var first = batch * batchSize;
        var count = Math.Min(batchSize, samples - first);
        for (var i = 0; i < count; i++)
            _batch[i] = first + i;
        return _batch.AsSpan(0, count);
    }
}
