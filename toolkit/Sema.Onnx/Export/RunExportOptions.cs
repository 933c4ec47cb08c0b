using Sema.Onnx.Data;
using Sema.Onnx.Graphs.Losses;
using Sema.Onnx.Training;

namespace Sema.Onnx.Export;

/// <summary>What of a run is exported, and on what data the result is proven.</summary>
public sealed record RunExportOptions
{
    /// <summary>The name of the first average of a run, whatever its strategy.</summary>
    public const string Averaged = "averaged";

    /// <summary>The name of the trained weights.</summary>
    public const string Online = "online";

    /// <summary>What stands before a width that an average is made of after the run, as in <c>posthoc:0.08</c>; see <see cref="Averaging.PostHocEma"/>.</summary>
    public const string PostHoc = "posthoc:";

    /// <summary>
    /// Gets the weights: <see cref="Averaged"/>, <see cref="Online"/>, the name of one of several averages, or <see cref="PostHoc"/> and a width. Default,
    /// <see langword="null"/>: averaged where the run has an average, else online.
    /// </summary>
    public string? Weights { get; init; }

    /// <summary>Gets the checkpoint: <c>best</c>, <c>last</c> or a name. Default, <see langword="null"/>: the best if there is one, else the last.</summary>
    public string? Checkpoint { get; init; }

    /// <summary>Gets whether every average, and the online weights if they are not the exported ones, is added to the file as initializers that nothing reads.</summary>
    public bool WithShadow { get; init; }

    /// <summary>
    /// Gets where the batch-norm statistics of an average come from that is made after the run (<see cref="PostHoc"/>), when batch normalisation was
    /// live. Default, <see langword="null"/>: recomputed where <see cref="Training"/> is given, else averaged. Copied ones are the last checkpoint's.
    /// </summary>
    public AverageStatistics? Statistics { get; init; }

    /// <summary>Gets the samples that the run was trained on; for <see cref="Statistics"/> that are recomputed.</summary>
    public IDataset? Training { get; init; }

    /// <summary>Gets how the run augments them. Default: not at all.</summary>
    public Augmentation Augmentation { get; init; } = Augmentation.None;

    /// <summary>Gets real samples to prove the result on; <see langword="null"/>, the default, for seeded noise.</summary>
    public IDataset? Proof { get; init; }

    /// <summary>Gets how pixels become the model's input; for <see cref="Proof"/> and <see cref="Training"/>.</summary>
    public PixelOptions Pixels { get; init; } = new();

    /// <summary>Gets the loss of the run; for <see cref="Proof"/> and <see cref="Training"/>, to know the targets' kind.</summary>
    public Loss Loss { get; init; } = new CrossEntropyLoss();

    /// <summary>Gets how many batches of <see cref="Proof"/> are compared, at least 1. Default 4.</summary>
    public int ProofBatches { get; init; } = 4;

    /// <summary>Gets the number of threads of the proof; 0, the default, for one a core.</summary>
    public int Threads { get; init; }
}
