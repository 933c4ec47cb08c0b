namespace Sema.Onnx.Data.Batches;

/// <summary>Fills batches, one at a time, on one thread: read, augment, transform.</summary>
/// <param name="data">The stored samples.</param>
/// <param name="order">Which of them make up a batch.</param>
/// <param name="augmenter">What changes them at random, or <see langword="null"/>.</param>
/// <param name="options">How they become a model's input.</param>
/// <param name="buffers">Where batches get their memory.</param>
internal sealed class BatchReader(
    IDataset data, IBatchOrder order, Augmenter? augmenter, BatchLoaderOptions options, BatchBuffers buffers)
{
    private readonly byte[] _stored = new byte[data.Input.ByteCount];
    private readonly byte[] _augmented = new byte[augmenter is null ? 0 : data.Input.ByteCount];
    private readonly byte[] _target = new byte[data.Target.ByteCount];

    /// <exception cref="DataException">A value cannot be held by the type that the model takes; the message names the
    /// sample.</exception>
    internal Batch Read(int epoch, int index, CancellationToken cancellation)
    {
        var samples = order.Samples(epoch, index);
        var batch = new Batch(buffers, epoch, index, samples.Length);
        try
        {
            var (inputBytes, targetBytes) = (options.Input.Result.ByteCount, options.Target.Result.ByteCount);
            var inputs = batch.Input.Span;
            var targets = batch.Target.Span;
            for (var i = 0; i < samples.Length; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                var input = inputs.Slice(i * inputBytes, inputBytes);
                ReadSample(epoch, samples[i], input, targets.Slice(i * targetBytes, targetBytes));
            }

            for (var i = samples.Length; i < options.BatchSize; i++)
            {
                inputs[..inputBytes].CopyTo(inputs[(i * inputBytes)..]);
                targets[..targetBytes].CopyTo(targets[(i * targetBytes)..]);
            }

            return batch;
        }
        catch
        {
            batch.Dispose();
            throw;
        }
    }

    private void ReadSample(int epoch, int sample, Span<byte> input, Span<byte> target)
    {
        data.Read(sample, _stored, _target);
        augmenter?.Apply(epoch, sample, _stored, _augmented);
        try
        {
            options.Input.Apply(augmenter is null ? _stored : _augmented, input);
            options.Target.Apply(_target, target);
        }
        catch (DataException e)
        {
            throw new DataException($"Sample {sample} of the data: {e.Message}", e);
        }
    }
}
