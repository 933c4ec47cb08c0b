using System.CommandLine;
using Sema.Onnx.Training;

namespace Sema.Onnx.Cli.Options;

/// <summary>--average-statistics.</summary>
internal sealed class StatisticsOptions : OptionGroup
{
    internal static readonly string[] Words = ["recompute", "average", "copy"];

    internal StatisticsOptions()
        : base("Averaged weights: batch normalisation") => Kind = Add(Flag.Choice("--average-statistics",
            "With --batch-norm train, the statistics of averages. recompute: a pass over the training data at the run's end gives the exact ones; average: averaged "
            + "along with the weights; copy: those of the trained weights.", Words[0], Words));

    internal Option<string> Kind { get; }

    internal AverageStatistics Bind(ParseResult parse) => Parse(parse.GetValue(Kind)!);

    internal static AverageStatistics Parse(string word) => word switch
    {
        "average" => AverageStatistics.Average,
        "copy" => AverageStatistics.Copy,
        _ => AverageStatistics.Recompute,
    };
}
