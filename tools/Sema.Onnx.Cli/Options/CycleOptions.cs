using System.CommandLine;
using Sema.Onnx.Schedules;
using Sema.Onnx.Training;

namespace Sema.Onnx.Cli.Options;

/// <summary>--restart-*, --one-cycle-*, --cycle-*.</summary>
internal sealed class CycleOptions : OptionGroup
{
    internal CycleOptions()
        : base("Learning rate: cosine-restarts, one-cycle, cyclical")
    {
        First = Add(Flag.Text("--restart-first", "N[epochs|steps]", "For cosine-restarts: how long the first cosine is. [default: 1epochs]"));
        Multiplier = Add(Flag.Integer("--restart-times", "M", "For cosine-restarts: how many times as long as the one before each next cosine is.", 1, 1));
        Rise = Add(Flag.Number("--one-cycle-rise", "S", "For one-cycle: the share of the run over which the rate rises, in (0, 1).", 0.3));
        Divisor = Add(Flag.Number("--one-cycle-div", "F", "For one-cycle: it starts at --lr divided by this.", 25.0));
        FinalDivisor = Add(Flag.Number("--one-cycle-final-div", "F", "For one-cycle: it ends at its start divided by this. The momentum stays.", 1e4));
        Cycle = Add(Flag.Text("--cycle", "N[epochs|steps]", "For cyclical: how long a cycle is. [default: 2epochs]"));
        CycleRise = Add(Flag.Number("--cycle-rise", "S", "For cyclical: the share of a cycle over which the rate rises, in (0, 1).", 0.5));
        Mode = Add(Flag.Choice("--cycle-mode", "For cyclical: triangular: all as high; triangular2: each half as high as the one before; exp-range: the height times --cycle-gamma at each step.",
            "triangular", "triangular", "triangular2", "exp-range"));
        Gamma = Add(Flag.Number("--cycle-gamma", "G", "For exp-range: in (0, 1].", 0.9999));
    }

    internal Option<string?> First { get; }

    internal Option<int> Multiplier { get; }

    internal Option<double> Rise { get; }

    internal Option<double> Divisor { get; }

    internal Option<double> FinalDivisor { get; }

    internal Option<string?> Cycle { get; }

    internal Option<double> CycleRise { get; }

    internal Option<string> Mode { get; }

    internal Option<double> Gamma { get; }

    internal Func<TrainingLength, LearningRateSchedule> Restarts(ParseResult parse, double rate, double floor)
    {
        var (first, multiplier) = (Interval.Parse(parse.GetValue(First) ?? "1epochs", First.Name, inSteps: false), parse.GetValue(Multiplier));
        return run => new CosineRestartsSchedule(rate, first.Steps(run), multiplier, floor);
    }

    internal Func<TrainingLength, LearningRateSchedule> OneCycle(ParseResult parse, double rate, Annealing annealing)
    {
        var (rise, divisor, final) = (parse.GetValue(Rise), parse.GetValue(Divisor), parse.GetValue(FinalDivisor));
        return run => new OneCycleSchedule(rate, run.Steps, rise, divisor, final, annealing);
    }

    internal Func<TrainingLength, LearningRateSchedule> Cyclical(ParseResult parse, double rate, double floor)
    {
        var (cycle, rise, gamma) = (Interval.Parse(parse.GetValue(Cycle) ?? "2epochs", Cycle.Name, inSteps: false), parse.GetValue(CycleRise), parse.GetValue(Gamma));
        if (rise is not (> 0 and < 1))
            throw new UsageException(FormattableString.Invariant($"{CycleRise.Name}: {rise} is out of range; it must be in (0, 1)."));
        var height = parse.GetValue(Mode) switch
        {
            "triangular2" => CycleHeight.Triangular2,
            "exp-range" => CycleHeight.ExponentialRange,
            _ => CycleHeight.Triangular,
        };
        return run =>
        {
            // Whole steps, at least one up and one down.
            var length = Math.Max(2, cycle.Steps(run));
            var up = Math.Clamp((long)Math.Round(length * rise), 1, length - 1);
            return new CyclicalSchedule(floor, rate, up, length - up, height, gamma);
        };
    }
}
