using System.CommandLine;
using Sema.Onnx.Schedules;
using Sema.Onnx.Training;

namespace Sema.Onnx.Cli.Options;

/// <summary>--schedule, --warmup, --min-lr, --step-every, --step-factor.</summary>
internal sealed class ScheduleOptions : OptionGroup
{
    internal ScheduleOptions()
        : base("Learning rate over the run")
    {
        Kind = Add(Flag.Choice("--schedule", "Its course from --lr on.", "constant", "constant", "step", "cosine", "linear"));
        Warmup = Add(Flag.Integer("--warmup", "STEPS", "Optimizer steps over which it rises from near 0.", 0, 0));
        Floor = Add(Flag.Number("--min-lr", "RATE", "For cosine and linear: where it ends.", 0.0));
        Every = Add(Flag.Text("--step-every", "N[epochs|steps]", "For step: how often it falls. [default: a third of the run]"));
        Factor = Add(Flag.Number("--step-factor", "F", "For step: what it is multiplied by, in (0, 1].", 0.1));
    }

    internal Option<string> Kind { get; }

    internal Option<int> Warmup { get; }

    internal Option<double> Floor { get; }

    internal Option<string?> Every { get; }

    internal Option<double> Factor { get; }

    internal Func<TrainingLength, LearningRateSchedule> Bind(ParseResult parse, double rate)
    {
        var kind = parse.GetValue(Kind);
        var (warmup, floor, factor) = (parse.GetValue(Warmup), parse.GetValue(Floor), parse.GetValue(Factor));
        var every = parse.GetValue(Every) is { } text ? Interval.Parse(text, Every.Name, inSteps: false) : (Interval?)null;
        LearningRateSchedule Schedule(TrainingLength run) => (kind switch
        {
            "step" => new StepSchedule(rate, every is { } n ? n.Count * (n.InSteps ? 1 : run.StepsPerEpoch) : Math.Max(1, (run.Steps + 2) / 3), factor),
            "cosine" => new CosineSchedule(rate, run.Steps, floor),
            "linear" => new LinearSchedule(rate, run.Steps, floor),
            _ => (LearningRateSchedule)new ConstantSchedule(rate),
        }).WithWarmup(warmup);

        // Made once now, so that a wrong number is refused before the model is read.
        Schedule(new(1, 1));
        return Schedule;
    }
}
