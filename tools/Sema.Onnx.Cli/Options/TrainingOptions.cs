using System.CommandLine;
using Sema.Onnx.Training;

namespace Sema.Onnx.Cli.Options;

/// <summary>All options of a training run, and what they make.</summary>
internal sealed class TrainingOptions
{
    internal TrainingOptions() => Averaging = new()
    {
        Ema = new() { StepSamples = parse => (long)parse.GetValue(Run.BatchSize) * parse.GetValue(Optimizer.Accumulate) },
    };

    internal DataOptions Data { get; } = new(training: true);

    internal PixelFlags Pixels { get; } = new();

    internal RunOptions Run { get; } = new();

    internal WeightOptions Weights { get; } = new();

    internal GroupOptions Parts { get; } = new();

    internal LossOptions Loss { get; } = new();

    internal OptimizerOptions Optimizer { get; } = new();

    internal SharpnessOptions Sharpness { get; } = new();

    internal ScheduleOptions Schedule { get; } = new();

    internal AveragingOptions Averaging { get; }

    internal StatisticsOptions Statistics { get; } = new();

    internal MemoryOptions Memory { get; } = new();

    internal DeviceOptions Device { get; } = new(training: true);

    internal IReadOnlyList<OptionGroup> Groups =>
        [Data, Pixels, Run, .. Averaging.Groups, Statistics, Optimizer, Sharpness, .. Schedule.Groups, Parts, Loss, Weights, Memory, Device];

    /// <summary>Gets the values in effect of the options whose defaults depend on others.</summary>
    internal IEnumerable<(Option Option, object Value)> Resolved(ParseResult parse) =>
        [.. Optimizer.Resolved(parse), .. Averaging.Resolved(parse, Optimizer.KeepsAverage(parse))];

    /// <exception cref="UsageException">A value is out of range.</exception>
    internal TrainerOptions Bind(ParseResult parse) => new()
    {
        Loss = Loss.Bind(parse),
        Output = parse.GetValue(Loss.Output),
        Classes = (int?)parse.GetValue(Weights.Classes),
        Freeze = parse.GetValue(Weights.Freeze)!,
        Train = parse.GetValue(Weights.Train)!,
        BatchNormalization = Weights.Mode(parse),
        Optimizer = Optimizer.Bind(parse),
        Sharpness = Sharpness.Bind(parse),
        DecayVectors = !parse.GetValue(Optimizer.NoDecayOnVectors),
        Groups = Parts.Groups(parse),
        LayerDecay = Parts.Layers(parse),
        Schedule = Schedule.Bind(parse, Optimizer.LearningRate(parse), Averaging.Swa.First(parse)),
        Averaging = Averaging.Bind(parse, Optimizer.KeepsAverage(parse)),
        AverageStatistics = Statistics.Bind(parse),
        ClipNorm = parse.GetValue(Optimizer.ClipNorm),
        Accumulate = parse.GetValue(Optimizer.Accumulate),
        Recompute = parse.GetValue(Memory.Recompute),
        BatchSize = parse.GetValue(Run.BatchSize),
        Epochs = parse.GetValue(Run.Epochs),
        Steps = parse.GetValue(Run.Steps),
        Pixels = Pixels.Bind(parse),
        Augmentation = Data.Augmentation(parse),
        LabelNoise = Data.LabelNoise(parse),
        TopK = (int?)parse.GetValue(Run.TopK),
        TargetAccuracy = Run.Target(parse),
        EvaluateEvery = Run.Evaluations(parse).Count,
        EvaluateUnit = Run.Evaluations(parse).Unit,
        Seed = parse.GetValue(Run.Seed),
        Patience = (int?)parse.GetValue(Run.Patience),
        SaveEvery = parse.GetValue(Run.SaveEvery),
        Keep = parse.GetValue(Run.Keep),
        Device = Device.Device(parse),
        Threads = parse.GetValue(Device.Threads),
        Kernels = Device.WithKernels(parse),
    };
}
