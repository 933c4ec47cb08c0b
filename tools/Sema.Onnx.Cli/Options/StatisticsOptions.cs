using System.CommandLine;
using Sema.Onnx.Training;

namespace Sema.Onnx.Cli.Options;

/// <summary>--average-statistics.</summary>
internal sealed class StatisticsOptions : OptionGroup
{
    internal StatisticsOptions()
        : base("Averaged weights: batch normalisation") => Kind = Add(Flag.Choice("--average-statistics",
            "With --batch-norm train, the statistics of averages. recompute: a pass over the training data at the run's end gives the exact ones; average: averaged "
            + "along with the weights; copy: those of the trained weights.", "recompute", "recompute", "average", "copy"));

    internal Option<string> Kind { get; }

    internal AverageStatistics Bind(ParseResult parse) => parse.GetValue(Kind) switch
    {
        "average" => AverageStatistics.Average,
        "copy" => AverageStatistics.Copy,
        _ => AverageStatistics.Recompute,
    };
}
