using Sema.Onnx.Averaging;
using Sema.Onnx.Data;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Losses;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Runtime;
using Sema.Onnx.Schedules;

namespace Sema.Onnx.Training;

/// <summary>How a model is fine-tuned.</summary>
public sealed record TrainerOptions
{
    /// <summary>Gets what is made small. Default: cross-entropy against class indices.</summary>
    public Loss Loss { get; init; } = new CrossEntropyLoss();

    /// <summary>Gets the output that the loss is about; <see langword="null"/> for the model's first.</summary>
    public string? Output { get; init; }

    /// <summary>Gets the number of classes of a new head, or <see langword="null"/> to keep the model's.</summary>
    public int? Classes { get; init; }

    /// <summary>Gets the name patterns (* and ?) of weights that stay as they are.</summary>
    public IReadOnlyList<string> Freeze { get; init; } = [];

    /// <summary>Gets the name patterns of the only weights to train; empty for all that are trainable.</summary>
    public IReadOnlyList<string> Train { get; init; } = [];

    /// <summary>Gets what batch normalisation does. Default: frozen.</summary>
    public BatchNormalizationMode BatchNormalization { get; init; }

    /// <summary>Gets the optimizer. Default: AdamW.</summary>
    public Optimizer Optimizer { get; init; } = new AdamW();

    /// <summary>Gets the sharpness-aware minimisation around the optimizer; <see langword="null"/> for none.</summary>
    public SharpnessAware? Sharpness { get; init; }

    /// <summary>Gets whether weight decay applies to vectors (biases, scales) too. Default: yes, as PyTorch does.</summary>
    public bool DecayVectors { get; init; } = true;

    /// <summary>Gets the groups of weights with a learning rate or a weight decay of their own; the first whose pattern fits a weight wins.</summary>
    public IReadOnlyList<GroupRule> Groups { get; init; } = [];

    /// <summary>Gets the layer-wise decay of the learning rate; <see langword="null"/> for none.</summary>
    public LayerDecay? LayerDecay { get; init; }

    /// <summary>Gets the learning rate by optimizer step, made from the number of steps of the run. Default: constant 1e-3.</summary>
    public Func<TrainingLength, LearningRateSchedule> Schedule { get; init; } = static _ => new ConstantSchedule(1e-3);

    /// <summary>Gets how averaged weights follow the trained ones. Default: none are kept.</summary>
    public AveragingStrategy Averaging { get; init; } = new NoAveraging();

    /// <summary>Gets where the batch-norm statistics of averages come from when batch normalisation is live. Default: recomputed at the run's end.</summary>
    public AverageStatistics AverageStatistics { get; init; }

    /// <summary>Gets the largest L2 norm of the gradient; a longer one is scaled down to it. <see langword="null"/> for no limit.</summary>
    public double? ClipNorm { get; init; }

    /// <summary>Gets how many batches make one optimizer step, at least 1. Default 1.</summary>
    public int Accumulate { get; init; } = 1;

    /// <summary>
    /// Gets whether activations that cost little to compute (normalisations, activation functions, joins) are computed again for the gradient instead
    /// of kept: less memory, more time, the same bits. Default: no.
    /// </summary>
    public bool Recompute { get; init; }

    /// <summary>Gets the samples of a batch, at least 1. Default 32.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Gets how often the training data are gone through, at least 1. Default 1.</summary>
    public int Epochs { get; init; } = 1;

    /// <summary>Gets the number of optimizer steps after which the run ends, whatever the epochs say; <see langword="null"/> for as many as the epochs have.</summary>
    public long? Steps { get; init; }

    /// <summary>Gets how pixels become the model's input.</summary>
    public PixelOptions Pixels { get; init; } = new();

    /// <summary>Gets the random changes to training images. Default: none.</summary>
    public Augmentation Augmentation { get; init; } = Augmentation.None;

    /// <summary>Gets what order, augmentation and a new head start from. The same seed gives the same bits. Default 0.</summary>
    public int Seed { get; init; }

    /// <summary>Gets the probability with which a training label is replaced by another class, each equally likely, in [0, 1]; the same ones in
    /// every epoch, drawn from the seed. Evaluation data stay as they are. Class targets only. Default 0.</summary>
    public double LabelNoise { get; init; }

    /// <summary>Gets k of the top-k accuracy, at least 1; it is left out where there are no more than k classes. Default: 5.</summary>
    public int? TopK { get; init; }

    /// <summary>Gets the accuracy in (0, 1] whose first evaluation is reported for each set of weights; <see langword="null"/> for none.</summary>
    public double? TargetAccuracy { get; init; }

    /// <summary>Gets how often all weights are evaluated, in <see cref="EvaluateUnit"/>, at least 1; at the run's end they always are. Default 1.</summary>
    public long EvaluateEvery { get; init; } = 1;

    /// <summary>Gets what <see cref="EvaluateEvery"/> counts. Default: epochs.</summary>
    public IntervalUnit EvaluateUnit { get; init; }

    /// <summary>Gets after how many epochs without a better evaluation the run ends; <see langword="null"/> for never.</summary>
    public int? Patience { get; init; }

    /// <summary>Gets after how many optimizer steps a checkpoint is written besides those at the epochs' ends; <see langword="null"/> for none.</summary>
    public long? SaveEvery { get; init; }

    /// <summary>Gets how many checkpoints are kept, at least 1. Default 2.</summary>
    public int Keep { get; init; } = 2;

    /// <summary>Gets where to run. Default: the CPU.</summary>
    public Device Device { get; init; }

    /// <summary>Gets the number of threads; 0 for one a core. Default 0.</summary>
    public int Threads { get; init; }

    /// <summary>
    /// Gets whether kernels in C# take the place of the functions in the training graphs, which are standard operators, on the CPU: the same
    /// results to rounding, faster. Default: yes.
    /// </summary>
    public bool Kernels { get; init; } = true;

    /// <summary>Gets the averages, with the optimizer's own, if it has one, behind the others.</summary>
    /// <exception cref="ArgumentException">The optimizer has one, and the strategy moves the weights.</exception>
    internal AveragingStrategy AllAveraging => (Optimizer.AverageSlot, Averaging) switch
    {
        (null, _) => Averaging,
        ({ } slot, NoAveraging) => new OptimizerAverage(slot),
        ({ } slot, _) => new CombinedAveraging(Averaging, new OptimizerAverage(slot)),
    };

    internal CompositionOptions Composition => new()
    {
        Loss = Loss,
        Output = Output,
        Classes = Classes,
        Freeze = Freeze,
        Train = Train,
        BatchNormalization = BatchNormalization,
        Optimizer = Optimizer,
        DecayVectors = DecayVectors,
        Groups = Groups,
        LayerDecay = LayerDecay,
        Averages = Averaging.ShadowWeights.Count(s => s.EveryStep),
        Accumulate = Accumulate > 1,
        Recompute = Recompute,
        Seed = Seed,
    };

    internal SessionSettings Session => new() { Device = Device, Threads = Threads, Kernels = Kernels };

    /// <summary>Checks all options at once.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is outside its range.</exception>
    /// <exception cref="ArgumentException">Optimizer and averaging do not go together.</exception>
    internal void Validate()
    {
        AtLeastOne(BatchSize, nameof(BatchSize));
        AtLeastOne(Epochs, nameof(Epochs));
        AtLeastOne(Accumulate, nameof(Accumulate));
        AtLeastOne(Keep, nameof(Keep));
        AtLeastOne(Steps ?? 1, nameof(Steps));
        AtLeastOne(SaveEvery ?? 1, nameof(SaveEvery));
        AtLeastOne(Patience ?? 1, nameof(Patience));
        AtLeastOne(Classes ?? 1, nameof(Classes));
        AtLeastOne(TopK ?? 1, nameof(TopK));
        AtLeastOne(EvaluateEvery, nameof(EvaluateEvery));
        Loss.Validate();
        Optimizer.Validate();
        _ = AllAveraging;
        Sharpness?.Validate();
        foreach (var group in Groups)
            group.Validate();
        LayerDecay?.Validate();
        if (!(LabelNoise is >= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(LabelNoise), LabelNoise, $"{nameof(LabelNoise)} is a probability and must be in [0, 1].");
        if (TargetAccuracy is { } target && !(target is > 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(TargetAccuracy), target, $"{nameof(TargetAccuracy)} must be above 0 and at most 1.");
        if (Threads < 0)
            throw new ArgumentOutOfRangeException(nameof(Threads), Threads, $"{nameof(Threads)} must be at least 0, which takes one a core.");
        if (ClipNorm is { } norm && !(norm > 0))
            throw new ArgumentOutOfRangeException(nameof(ClipNorm), norm, $"{nameof(ClipNorm)} must be above 0.");
    }

    private static void AtLeastOne(long value, string name)
    {
        if (value < 1)
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be at least 1.");
    }
}
