using System.CommandLine;
using Sema.Onnx.Verification;

namespace Sema.Onnx.Cli.Options;

/// <summary>--ema-decay, --switch-every, --batch-norm, --tolerance: how a trajectory was recorded, and how near is near enough.</summary>
internal sealed class ReplayOptions : OptionGroup
{
    internal ReplayOptions()
        : base("The recording")
    {
        Decay = Flag.Number("--ema-decay", "D", "Decay of the recorded average, in [0, 1). [default: no average]");
        Decay.Aliases.Add("--ema");
        Add(Decay);
        SwitchEvery = Add(Flag.Text("--switch-every", "Nsteps", "After how many steps the average became the weights. [default: never]"));
        BatchNorm = Add(Flag.Choice("--batch-norm", "What batch normalisation did.", "frozen", "frozen", "train"));
        Tolerance = Add(Flag.Number("--tolerance", "E", "The largest relative error that passes. [default: 0.0001; 0.001 for weights that another optimizer than sgd, momentum or nesterov moved]"));
    }

    internal Option<double?> Decay { get; }

    internal Option<string?> SwitchEvery { get; }

    internal Option<string> BatchNorm { get; }

    internal Option<double?> Tolerance { get; }

    internal VerificationOptions Bind(ParseResult parse)
    {
        var (decay, tolerance) = (parse.GetValue(Decay), parse.GetValue(Tolerance));
        var every = parse.GetValue(SwitchEvery) is { } text ? Interval.Parse(text, SwitchEvery.Name, inSteps: true) : (Interval?)null;
        if (decay is not (null or (>= 0 and < 1)))
            throw new UsageException(FormattableString.Invariant($"--ema-decay: {decay} is out of range; it must be in [0, 1)."));
        if (tolerance is <= 0)
            throw new UsageException("--tolerance must be above 0.");
        if (every is { InSteps: false })
            throw new UsageException("--switch-every: a recording has no epochs; count in steps, such as 2steps.");
        if (every is not null && decay is null)
            throw new UsageException("--switch-every needs --ema-decay: only an average can become the weights.");
        return new() { EmaDecay = decay, SwitchEvery = every?.Count, Tolerance = tolerance, BatchNormalization = WeightOptions.Mode(parse, BatchNorm) };
    }
}
