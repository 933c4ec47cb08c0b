using System.CommandLine;

namespace Sema.Onnx.Cli.Options;

/// <summary>--out, --resume, --epochs and kin: how long a run is and what it leaves.</summary>
internal sealed class RunOptions : OptionGroup
{
    internal RunOptions()
        : base("The run")
    {
        Out = Add(Flag.Text("--out", "RUN", "The new folder of the run: training graphs, checkpoints, metrics.jsonl, TensorBoard events."));
        Resume = Add(Flag.Text("--resume", "RUN", "Go on with a run from its last checkpoint, to the same bits as if it had never stopped."));
        Epochs = Add(Flag.Integer("--epochs", "N", "How often the training data are gone through.", 3, 1));
        Steps = Add(Flag.Integer("--steps", "N", "End after N optimizer steps, whatever the epochs say.", 1, long.MaxValue));
        BatchSize = Add(Flag.Integer("--batch-size", "N", "Samples of a batch.", 32, 1));
        Seed = Add(Flag.Integer("--seed", "N", "What order, augmentation and a new head are drawn from; the same seed gives the same bits.", 0, int.MinValue));
        Patience = Add(Flag.Integer("--patience", "N", "End after N epochs without a better evaluation. [default: never]"));
        EvaluateEvery = Add(Flag.Text("--evaluate-every", "N[epochs|steps]", "Evaluate all weights this often, and at the run's end. [default: 1epochs]"));
        TargetAccuracy = Add(Flag.Number("--target-accuracy", "A", "Report for each set of weights the step of the first evaluation with at least this accuracy, in (0, 1]."));
        TopK = Add(MeasureOptions.TopKOption());
        SaveEvery = Add(Flag.Integer("--save-every", "STEPS", "Write a checkpoint every so many steps, besides those at the epochs' ends.", 1, long.MaxValue));
        Keep = Add(Flag.Integer("--keep", "N", "Checkpoints kept, besides the best.", 2, 1));
    }

    internal Option<string?> Out { get; }

    internal Option<string?> Resume { get; }

    internal Option<int> Epochs { get; }

    internal Option<long?> Steps { get; }

    internal Option<int> BatchSize { get; }

    internal Option<int> Seed { get; }

    internal Option<long?> Patience { get; }

    internal Option<string?> EvaluateEvery { get; }

    internal Option<double?> TargetAccuracy { get; }

    internal Option<long?> TopK { get; }

    internal Option<long?> SaveEvery { get; }

    internal Option<int> Keep { get; }

    internal Interval Evaluations(ParseResult parse) => parse.GetValue(EvaluateEvery) is { } text ? Interval.Parse(text, "--evaluate-every", inSteps: false) : new(1, InSteps: false);

    internal double? Target(ParseResult parse) => parse.GetValue(TargetAccuracy) is not { } target ? null
        : target is > 0 and <= 1 ? target : throw new UsageException($"--target-accuracy: {target} is out of range; it must be above 0 and at most 1.");
}
