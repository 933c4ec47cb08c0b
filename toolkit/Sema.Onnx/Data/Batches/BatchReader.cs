using System.Runtime.InteropServices;

namespace Sema.Onnx.Data.Batches;

/// <summary>Fills batches, one at a time, on one thread: read, augment, transform.</summary>
/// <param name="data">The stored samples.</param>
/// <param name="order">Which of them make up a batch.</param>
/// <param name="image">The input that is changed at random, or <see langword="null"/>.</param>
/// <param name="augmenter">What changes it.</param>
/// <param name="options">How they become a model's inputs.</param>
/// <param name="buffers">Where batches get their memory.</param>
internal sealed class BatchReader(
    IDataset data, IBatchOrder order, BatchInput? image, Augmenter? augmenter, BatchLoaderOptions options, BatchBuffers buffers)
{
    private readonly byte[][] _stored = [.. options.Inputs.Select(input => new byte[input.Transform.Source.ByteCount])];
    private readonly byte[] _augmented = new byte[image?.Transform.Source.ByteCount ?? 0];
    private readonly byte[] _target = new byte[data.Target.ByteCount];

    /// <exception cref="DataException">A value cannot be held by the type that the model takes; the message names the
    /// sample.</exception>
    internal Batch Read(int epoch, int index, CancellationToken cancellation)
    {
        var samples = order.Samples(epoch, index);
        var batch = new Batch(buffers, epoch, index, samples.Length);
        try
        {
            for (var i = 0; i < samples.Length; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                ReadSample(epoch, samples[i], batch, i);
            }

            foreach (var input in options.Inputs)
                Fill(batch.Inputs[input.Name], input.Transform.Result.ByteCount, samples.Length);
            Fill(batch.Target.Span, options.Target.Result.ByteCount, samples.Length);
            return batch;
        }
        catch
        {
            batch.Dispose();
            throw;
        }
    }

    private void ReadSample(int epoch, int sample, Batch batch, int place)
    {
        ReadStored(sample);
        try
        {
            foreach (var (k, input) in options.Inputs.Index())
            {
                if (input == image)
                    augmenter!.Apply(epoch, sample, _stored[k], _augmented);
                input.Transform.Apply(input == image ? _augmented : _stored[k], Place(batch.Inputs[input.Name], input.Transform.Result.ByteCount, place));
            }

            var target = Place(batch.Target.Span, options.Target.Result.ByteCount, place);
            options.Target.Apply(_target, target);
            options.LabelNoise?.Apply(MemoryMarshal.Cast<byte, long>(target), sample);
        }
        catch (DataException e)
        {
            throw new DataException($"Sample {sample} of the data: {e.Message}", e);
        }
    }

    private void ReadStored(int sample)
    {
        Span<byte> own = [];
        foreach (var (k, input) in options.Inputs.Index())
        {
            if (input.Array is { } array)
                array.Read(sample, _stored[k]);
            else
                own = _stored[k];
        }

        data.Read(sample, own, _target);
    }

    private static Span<byte> Place(Span<byte> batch, int bytes, int place) => batch.Slice(place * bytes, bytes);

    // Repeats the first sample behind the real ones.
    private static void Fill(Span<byte> batch, int bytes, int real)
    {
        for (var i = real * bytes; i < batch.Length; i += bytes)
            batch[..bytes].CopyTo(batch[i..]);
    }
}
