using System.CommandLine;
using Sema.Onnx.Schedules;
using Sema.Onnx.Training;

namespace Sema.Onnx.Cli.Options;

/// <summary>--swa-lr, --swa-anneal, --swa-cycle, --swa-lr-low: the learning rate from --swa-start on.</summary>
internal sealed class SwaRateOptions : OptionGroup
{
    internal SwaRateOptions()
        : base("Learning rate: from --swa-start on")
    {
        Rate = Add(Flag.Number("--swa-lr", "RATE", "The rate from --swa-start on, whatever --schedule does before. [default: as --schedule says]"));
        Anneal = Add(Flag.Text("--swa-anneal", "N[epochs|steps]", "How long it takes to get there; then it stays. [default: at once]"));
        Cycle = Add(Flag.Text("--swa-cycle", "N[epochs|steps]", "In place of that: straight from --swa-lr down to --swa-lr-low over so many, again and again."));
        Low = Add(Flag.Number("--swa-lr-low", "RATE", "For --swa-cycle: the rate at a cycle's end, where weights are averaged. [default: 0]"));
    }

    internal Option<double?> Rate { get; }

    internal Option<string?> Anneal { get; }

    internal Option<string?> Cycle { get; }

    internal Option<double?> Low { get; }

    /// <summary>Puts the rate of the averaging behind a schedule.</summary>
    /// <param name="parse">The arguments.</param>
    /// <param name="from">The first epoch or step that is made with it.</param>
    /// <param name="annealing">How the rate gets there.</param>
    internal Func<LearningRateSchedule, TrainingLength, LearningRateSchedule> Bind(ParseResult parse, Interval from, Annealing annealing)
    {
        var (anneal, cycle) = (Read(parse, Anneal), Read(parse, Cycle));
        if (parse.GetValue(Rate) is not { } rate)
        {
            return anneal is null && cycle is null && parse.GetValue(Low) is null
                ? (inner, _) => inner
                : throw new UsageException("--swa-anneal, --swa-cycle and --swa-lr-low need --swa-lr: the rate from --swa-start on.");
        }

        if (anneal is not null && cycle is not null)
            throw new UsageException("--swa-anneal and --swa-cycle exclude each other: the rate stays, or goes in cycles.");
        if (cycle is null && parse.GetValue(Low) is not null)
            throw new UsageException("--swa-lr-low needs --swa-cycle: how long a cycle is.");
        var low = parse.GetValue(Low) ?? 0;

        // The first epoch (or step) that counts is the first to be made with it.
        long Start(TrainingLength run) => (from.Count - 1) * (from.InSteps ? 1 : run.StepsPerEpoch);
        return cycle is { } length
            ? (inner, run) => new SwaCyclicalSchedule(inner, Start(run), length.Steps(run), rate, low)
            : (inner, run) => new SwaConstantSchedule(inner, Start(run), rate, anneal?.Steps(run) ?? 0, annealing);
    }

    private static Interval? Read(ParseResult parse, Option<string?> option) =>
        parse.GetValue(option) is { } text ? Interval.Parse(text, option.Name, inSteps: false) : null;
}
