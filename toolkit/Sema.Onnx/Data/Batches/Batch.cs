namespace Sema.Onnx.Data.Batches;

/// <summary>A fixed number of samples, ready for a model. Dispose of it to let its memory be used again.</summary>
internal sealed class Batch : IDisposable
{
    private readonly BatchBuffers _pool;
    private IReadOnlyDictionary<string, byte[]>? _inputs;
    private byte[]? _target;

    internal Batch(BatchBuffers pool, int epoch, int index, int count)
    {
        (_pool, Epoch, Index, Count) = (pool, epoch, index, count);
        (_inputs, _target) = pool.Rent();
    }

    /// <summary>Gets the epoch, from 0.</summary>
    internal int Epoch { get; }

    /// <summary>Gets which batch of its epoch it is, from 0.</summary>
    internal int Index { get; }

    /// <summary>Gets how many samples are real; those after them repeat the batch's first and are not to be
    /// counted.</summary>
    internal int Count { get; }

    /// <summary>Gets each of the model's inputs, sample after sample, always a whole batch.</summary>
    /// <exception cref="ObjectDisposedException">The batch was disposed of.</exception>
    internal IReadOnlyDictionary<string, byte[]> Inputs => _inputs ?? throw new ObjectDisposedException(nameof(Batch));

    /// <summary>Gets the targets one after another, always a whole batch.</summary>
    /// <exception cref="ObjectDisposedException">The batch was disposed of.</exception>
    internal Memory<byte> Target => _target ?? throw new ObjectDisposedException(nameof(Batch));

    public void Dispose()
    {
        var inputs = Interlocked.Exchange(ref _inputs, null);
        var target = Interlocked.Exchange(ref _target, null);
        if (inputs is not null && target is not null)
            _pool.Return(inputs, target);
    }
}
