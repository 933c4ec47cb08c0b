using Sema.Onnx.Data.Transforms;

namespace Sema.Onnx.Data.Batches;

/// <summary>How a <see cref="BatchLoader"/> makes batches.</summary>
internal sealed record BatchLoaderOptions
{
    /// <summary>Gets the number of samples in a batch, at least 1.</summary>
    internal required int BatchSize { get; init; }

    /// <summary>Gets the model's inputs that vary with the samples.</summary>
    internal required IReadOnlyList<BatchInput> Inputs { get; init; }

    /// <summary>Gets the bytes of those that do not, for a whole batch, by name. Default: none.</summary>
    internal IReadOnlyDictionary<string, byte[]> Constants { get; init; } = new Dictionary<string, byte[]>();

    /// <summary>Gets what turns a stored target into the loss's.</summary>
    internal required ISampleTransform Target { get; init; }

    /// <summary>Gets what the order and the augmentation depend on. Default: 0.</summary>
    internal ulong Seed { get; init; }

    /// <summary>Gets the random changes to training images. Default: none.</summary>
    internal Augmentation Augmentation { get; init; } = Augmentation.None;

    /// <summary>Gets what makes training labels wrong; only for targets that are int64 classes. Default: nothing.</summary>
    internal LabelNoise? LabelNoise { get; init; }

    /// <summary>Gets how many threads read ahead; 0 reads on the caller's. The batches do not depend on it. Default:
    /// 1.</summary>
    internal int Workers { get; init; } = 1;

    /// <summary>Gets how many batches wait ready, at least 1 a worker. Default: 4.</summary>
    internal int Prefetch { get; init; } = 4;
}
