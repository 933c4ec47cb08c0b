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

    internal Option<long?> SaveEvery { get; }

    internal Option<int> Keep { get; }
}
