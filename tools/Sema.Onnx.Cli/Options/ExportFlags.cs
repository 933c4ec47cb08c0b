using System.CommandLine;

namespace Sema.Onnx.Cli.Options;

/// <summary>--weights, --checkpoint, --average-statistics, --with-shadow and the proof's --data.</summary>
internal sealed class ExportFlags : OptionGroup
{
    internal ExportFlags()
        : base("Export")
    {
        Weights = Add(Flag.Text("--weights", "averaged|online", "Which weights: the first average, the trained ones, one of several averages by its name, such as ema-0.99, or posthoc:WIDTH, made of a run's averages on record (train --average posthoc). [default: averaged where the run has an average]"));
        Checkpoint = Add(Flag.Text("--checkpoint", "best|last|NAME", "Of which checkpoint. [default: best where the run was evaluated, else last]"));
        Statistics = Add(Flag.OptionalChoice("--average-statistics",
            "With --weights posthoc:WIDTH and a run with --batch-norm train: recompute the average's statistics in a pass over the run's training data, "
            + "average them along with the weights, or copy those of the trained weights. [default: as the run did]", StatisticsOptions.Words));
        WithShadow = Add(Flag.Switch("--with-shadow", "Add the other weights of the checkpoint to the file, as initializers that nothing reads."));
        Data = Add(Flag.Text("--data", "SPEC", "Other samples to prove the result on. [default: the run's]"));
        Threads = Add(Flag.Integer("--threads", "N", "CPU threads of the proof; 0 takes one a core.", 0, 0));
    }

    internal Option<string?> Weights { get; }

    internal Option<string?> Checkpoint { get; }

    internal Option<string?> Statistics { get; }

    internal Option<bool> WithShadow { get; }

    internal Option<string?> Data { get; }

    internal Option<int> Threads { get; }
}
