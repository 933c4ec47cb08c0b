using System.CommandLine;
using Sema.Onnx.Schedules;
using Sema.Onnx.Training;

namespace Sema.Onnx.Cli.Options;

/// <summary>--schedule, --warmup, --min-lr, --step-every, --step-factor, --milestones, --power, --anneal.</summary>
internal sealed class ScheduleOptions : OptionGroup
{
    private const string Line = "linear";

    internal ScheduleOptions()
        : base("Learning rate over the run")
    {
        Kind = Add(Flag.Choice("--schedule", "Its course from --lr on: constant; step: falls by a factor again and again; multi-step: at given milestones; exponential: the same, a little at each step; "
            + "linear, polynomial, cosine: down to --min-lr over the run; cosine-restarts: cosines one after another; one-cycle: up to --lr and down; cyclical: triangles between --min-lr and --lr.",
            "constant", "constant", "step", "multi-step", "exponential", Line, "polynomial", "cosine", "cosine-restarts", "one-cycle", "cyclical"));
        Warmup = Add(Flag.Integer("--warmup", "STEPS", "Optimizer steps over which it rises from near 0.", 0, 0));
        Floor = Add(Flag.Number("--min-lr", "RATE", "For linear, polynomial, cosine, cosine-restarts and cyclical: the lowest.", 0.0));
        Every = Add(Flag.Text("--step-every", "N[epochs|steps]", "For step and exponential: how often it has fallen by the factor. [default: a third of the run]"));
        Factor = Add(Flag.Number("--step-factor", "F", "For step, multi-step and exponential: what it is multiplied by, in (0, 1].", 0.1));
        Milestones = Add(Flag.Text("--milestones", "N[,N...][epochs|steps]", "For multi-step: after how many epochs (or steps) it falls, such as 30,60,80epochs."));
        Power = Add(Flag.Number("--power", "P", "For polynomial: the power of the share that is left of the run.", 2.0));
        Anneal = Add(Flag.Choice("--anneal", "For one-cycle and --swa-anneal: how it goes up and down.", "cosine", "cosine", Line));
    }

    internal Option<string> Kind { get; }

    internal Option<int> Warmup { get; }

    internal Option<double> Floor { get; }

    internal Option<string?> Every { get; }

    internal Option<double> Factor { get; }

    internal Option<string?> Milestones { get; }

    internal Option<double> Power { get; }

    internal Option<string> Anneal { get; }

    internal CycleOptions Cycles { get; } = new();

    internal SwaRateOptions Swa { get; } = new();

    /// <summary>Gets this group and those of the kinds' own options.</summary>
    internal IReadOnlyList<OptionGroup> Groups => [this, Cycles, Swa];

    /// <summary>Makes the schedule of a run from its length.</summary>
    /// <param name="parse">The arguments.</param>
    /// <param name="rate">The learning rate, --lr.</param>
    /// <param name="averages">The first epoch or step whose weights stochastic weight averaging counts.</param>
    /// <exception cref="UsageException">A value is out of range, or missing.</exception>
    internal Func<TrainingLength, LearningRateSchedule> Bind(ParseResult parse, double rate, Interval averages)
    {
        var kind = parse.GetValue(Kind);
        var (warmup, floor, factor, power) = (parse.GetValue(Warmup), parse.GetValue(Floor), parse.GetValue(Factor), parse.GetValue(Power));
        var annealing = parse.GetValue(Anneal) == Line ? Annealing.Linear : Annealing.Cosine;
        var every = parse.GetValue(Every) is { } text ? Interval.Parse(text, Every.Name, inSteps: false) : (Interval?)null;
        var milestones = kind == "multi-step" ? Read(parse) : default;
        var restarts = Cycles.Restarts(parse, rate, floor);
        var oneCycle = Cycles.OneCycle(parse, rate, annealing);
        var cyclical = Cycles.Cyclical(parse, rate, floor);
        var swa = Swa.Bind(parse, averages, annealing);
        LearningRateSchedule Schedule(TrainingLength run)
        {
            var period = every?.Steps(run) ?? Math.Max(1, (run.Steps + 2) / 3);
            return swa(kind switch
            {
                "step" => new StepSchedule(rate, period, factor),
                "multi-step" => new MultiStepSchedule(rate, [.. milestones.Counts.Select(n => (milestones.Unit with { Count = n }).Steps(run))], factor),
                "exponential" => new ExponentialSchedule(rate, factor, period),
                Line => new LinearSchedule(rate, run.Steps, floor),
                "polynomial" => new PolynomialSchedule(rate, run.Steps, power, floor),
                "cosine" => new CosineSchedule(rate, run.Steps, floor),
                "cosine-restarts" => restarts(run),
                "one-cycle" => oneCycle(run),
                "cyclical" => cyclical(run),
                _ => (LearningRateSchedule)new ConstantSchedule(rate),
            }, run).WithWarmup(warmup);
        }

        // Made once now, so that a wrong number is refused before the model is read.
        Schedule(new(1, 1));
        return Schedule;
    }

    // The unit stands behind the last number and holds for all.
    private (Interval Unit, IReadOnlyList<long> Counts) Read(ParseResult parse)
    {
        if (parse.GetValue(Milestones) is not { } text)
            throw new UsageException("--schedule multi-step needs --milestones: after how many epochs the rate falls, such as 30,60,80epochs.");
        var parts = text.Split(',', StringSplitOptions.TrimEntries);
        var unit = Interval.Parse(parts[^1], Milestones.Name, inSteps: false);
        long[] counts = [.. parts.SkipLast(1).Select(p => Interval.Parse(p, Milestones.Name, unit.InSteps).Count), unit.Count];
        if (counts.Zip(counts.Skip(1)).Any(c => c.First >= c.Second) || parts.SkipLast(1).Any(p => !p.All(char.IsAsciiDigit)))
            throw new UsageException($"--milestones: '{text}' does not rise, or has a unit before its end; write numbers from low to high and what they count, such as 30,60,80epochs.");
        return (unit, counts);
    }
}
