using Sema.Onnx.Data.Transforms;

namespace Sema.Onnx.Data.Batches;

/// <summary>Turns a data set into batches of one size, read ahead on threads of their own.</summary>
/// <remarks>
/// What a batch holds depends on the data, the options and its (epoch, index) alone: not on the number of workers, nor
/// on where the sequence began. Memory is used again once a batch is disposed of, so a whole run needs a handful of
/// buffers.
/// </remarks>
internal sealed class BatchLoader
{
    private readonly IDataset _data;
    private readonly BatchLoaderOptions _options;
    private readonly BatchBuffers _buffers;
    private readonly BatchInput? _image;
    private readonly Augmenter? _augmenter;

    /// <exception cref="DataException">An option is out of range, the data cannot be augmented, or a batch exceeds 2
    /// GiB.</exception>
    internal BatchLoader(IDataset data, BatchLoaderOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.Workers);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Prefetch, 1);
        if (options.BatchSize < 1)
            throw new DataException($"The batch size {options.BatchSize} must be at least 1.");

        (_data, _options) = (data, options);
        _buffers = new BatchBuffers(
            options.Inputs.ToDictionary(input => input.Name, input => BatchBytes(input.Transform.Result)), options.Constants, BatchBytes(options.Target.Result));
        if (options.Augmentation == Augmentation.None)
            return;
        _image = Image(options.Inputs);
        _augmenter = new Augmenter(_image.Transform.Source, options.Augmentation, options.Seed);
    }

    /// <summary>Gets the number of full batches, which is what a training epoch is made of; may be 0.</summary>
    internal int TrainingBatches => _data.Count / _options.BatchSize;

    /// <summary>Gets how many buffers were made so far.</summary>
    internal int AllocatedBuffers => _buffers.Allocated;

    /// <summary>Gives out training batches without end: shuffled anew each epoch, augmented, each of them
    /// full.</summary>
    /// <param name="epoch">The epoch to begin in, from 0.</param>
    /// <param name="batch">The batch of that epoch to begin with; the number of batches in an epoch begins the next
    /// one.</param>
    /// <param name="cancellation">Ends the sequence with an <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="DataException">The data do not fill one batch; or, at a batch, a value cannot be
    /// converted.</exception>
    internal IEnumerable<Batch> Training(int epoch = 0, int batch = 0, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ArgumentOutOfRangeException.ThrowIfNegative(batch);
        var perEpoch = NewTrainingOrder().BatchesPerEpoch;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(batch, perEpoch);

        var first = (long)epoch * perEpoch + batch;
        return Read(NewTrainingOrder, _augmenter, first, (long)int.MaxValue * perEpoch - first, cancellation);
    }

    /// <summary>Gives out every sample once, in order and not augmented. The last batch is filled up; see
    /// <see cref="Batch.Count"/>.</summary>
    /// <param name="cancellation">Ends the sequence with an <see cref="OperationCanceledException"/>.</param>
    internal IEnumerable<Batch> Evaluation(CancellationToken cancellation = default)
    {
        return Read(NewOrder, augmenter: null, first: 0, NewOrder().BatchesPerEpoch, cancellation);

        EvaluationOrder NewOrder() => new(_data.Count, _options.BatchSize);
    }

    private IEnumerable<Batch> Read(
        Func<IBatchOrder> newOrder, Augmenter? augmenter, long first, long count, CancellationToken cancellation)
    {
        return _options.Workers == 0
            ? Directly(NewMaker(), count, cancellation)
            : OrderedPrefetch.Run(count, _options.Workers, _options.Prefetch, NewMaker, cancellation);

        Func<long, CancellationToken, Batch> NewMaker()
        {
            var order = newOrder();
            var reader = new BatchReader(_data, order, augmenter is null ? null : _image, augmenter, _options, _buffers);
            return (n, stop) =>
            {
                var (epoch, index) = Math.DivRem(first + n, order.BatchesPerEpoch);
                return reader.Read((int)epoch, (int)index, stop);
            };
        }
    }

    // Only the one image is augmented: what else goes with it may not be mirrored.
    private static BatchInput Image(IReadOnlyList<BatchInput> inputs)
    {
        if (inputs is [var only])
            return only;
        BatchInput[] images = [.. inputs.Where(input => ImageShape.Of(input.Transform.Source) is not null)];
        return images is [var image]
            ? image
            : throw new DataException($"{images.Length} of the model's {inputs.Count} inputs are images, and exactly one can be augmented; leave out --augment.");
    }

    private static IEnumerable<Batch> Directly(
        Func<long, CancellationToken, Batch> make, long count, CancellationToken cancellation)
    {
        for (var n = 0L; n < count; n++)
            yield return make(n, cancellation);
    }

    private TrainingOrder NewTrainingOrder() => new(_data.Count, _options.BatchSize, _options.Seed);

    private int BatchBytes(ArraySpec array)
    {
        var bytes = (long)array.ByteCount * _options.BatchSize;
        return bytes <= Array.MaxLength
            ? (int)bytes
            : throw new DataException($"A batch of {_options.BatchSize} samples of {array} exceeds 2 GiB; pass a " +
                "smaller --batch-size.");
    }
}
