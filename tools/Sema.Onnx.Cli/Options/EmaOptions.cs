using System.CommandLine;
using System.Globalization;
using Sema.Onnx.Averaging;

namespace Sema.Onnx.Cli.Options;

/// <summary>--ema-*, --switch-*.</summary>
internal sealed class EmaOptions : OptionGroup
{
    private const double UsualDecay = 0.999;

    internal EmaOptions()
        : base("Averaged weights (ema, sema)")
    {
        Decays = Add(Flag.Numbers("--ema-decay", "D[,D...]", "Decay per optimizer step, in [0, 1); several keep several averages, the first is switched in and exported. [default: 0.999, reached by the warm-up rational]"));
        Warmup = Add(Flag.Text("--ema-warmup", "KIND", "How the decay d grows at step t: none; constant:R:T, linear:R:T or exponential:R:T from R d to d over T steps; rational: min(d, (1+t)/(10+t)); "
            + "power[:GAMMA:P]: min(d, 1-(1+t/GAMMA)^-P); bias-corrected. [default: none where --ema-decay is given, else rational]"));
        UpdateEvery = Add(Flag.Integer("--ema-update-every", "K", "Update the average at every K-th step, with d^K.", 1, 1));
        ReferenceBatch = Add(Flag.Integer("--ema-reference-batch", "B", "The decay is meant for steps of B samples: a run whose steps have k B samples takes d^k. [default: the run's own]"));
        SwitchEvery = Add(Flag.Text("--switch-every", "N[epochs|steps]", "For sema: how often the average becomes the weights. [default: 1epochs]"));
        SwitchStart = Add(Flag.Integer("--switch-start", "N", "For sema: the first epoch (or step) that may switch. [default: 1]", 0, long.MaxValue));
        SwitchEnd = Add(Flag.Integer("--switch-end", "N", "For sema: the last one. [default: the run's last]", 0, long.MaxValue));
        SwitchKeep = Add(Flag.Number("--switch-keep", "B", "For sema: the share of the weights that stays, w = B w + (1-B) e, in [0, 1). [default: 0]"));
    }

    internal Option<double[]> Decays { get; }

    internal Option<string?> Warmup { get; }

    internal Option<int> UpdateEvery { get; }

    internal Option<long?> ReferenceBatch { get; }

    internal Option<string?> SwitchEvery { get; }

    internal Option<long?> SwitchStart { get; }

    internal Option<long?> SwitchEnd { get; }

    internal Option<double?> SwitchKeep { get; }

    /// <summary>Gets the samples of an optimizer step of the run.</summary>
    internal Func<ParseResult, long>? StepSamples { get; init; }

    internal ExponentialMovingAverage Average(ParseResult parse)
    {
        var average = new ExponentialMovingAverage(DecayValues(parse), ParseWarmup(WarmupText(parse)), parse.GetValue(UpdateEvery));
        return parse.GetValue(ReferenceBatch) is { } reference && StepSamples is { } samples ? average.ForBatch(samples(parse), reference) : average;
    }

    /// <summary>Says what the decays are in a run whose batches differ from those that they are given for; else nothing.</summary>
    internal string? Scaled(ParseResult parse)
    {
        if (Average(parse) is not { BatchScale: not 1 } average)
            return null;
        var decays = average.Decays.Select((d, k) => FormattableString.Invariant($"{d} -> {average.ScaledDecay(k):0.########}"));
        return $"EMA decay for steps of {StepSamples!(parse)} instead of {parse.GetValue(ReferenceBatch)} samples: {string.Join(", ", decays)}";
    }

    internal SwitchEma Switched(ParseResult parse)
    {
        var every = Interval.Parse(SwitchText(parse), SwitchEvery.Name, inSteps: false);
        return new SwitchEma(Average(parse), every.Count, every.Unit, parse.GetValue(SwitchStart) ?? 0, parse.GetValue(SwitchEnd), parse.GetValue(SwitchKeep) ?? 0);
    }

    /// <summary>Gets the values in effect of the options whose defaults depend on others.</summary>
    internal IEnumerable<(Option Option, object Value)> Resolved(ParseResult parse, bool switches)
    {
        yield return (Decays, DecayValues(parse));
        yield return (Warmup, WarmupText(parse));
        if (switches)
            yield return (SwitchEvery, SwitchText(parse));
    }

    private double[] DecayValues(ParseResult parse) => parse.GetValue(Decays) is { Length: > 0 } given ? given : [UsualDecay];

    private string WarmupText(ParseResult parse) => parse.GetValue(Warmup) ?? (parse.GetValue(Decays) is { Length: > 0 } ? "none" : "rational");

    private string SwitchText(ParseResult parse) => parse.GetValue(SwitchEvery) ?? "1epochs";

    private static EmaWarmup ParseWarmup(string text)
    {
        var parts = text.Split(':');
        double[] numbers = [.. parts.Skip(1).Select(p => double.TryParse(p, NumberStyles.Float, CultureInfo.InvariantCulture, out var n) ? n : double.NaN)];
        return (parts[0], numbers) switch
        {
            ("none", []) => new ConstantDecay(),
            ("rational", []) => new RationalWarmup(),
            ("bias-corrected", []) => new BiasCorrection(),
            ("power", []) => new PowerWarmup(),
            ("power", [var gamma, var power]) => new PowerWarmup(gamma, power),
            ("constant", [var ratio, var steps]) => new ConstantWarmup(ratio, Whole(steps)),
            ("linear", [var ratio, var steps]) => new LinearWarmup(ratio, Whole(steps)),
            ("exponential", [var ratio, var steps]) => new ExponentialWarmup(ratio, Whole(steps)),
            _ => throw Unknown(),
        };

        long Whole(double steps) => steps == Math.Floor(steps) && steps is >= 1 and <= int.MaxValue ? (long)steps : throw Unknown();

        UsageException Unknown() => new($"--ema-warmup: '{text}' is not known; write none, constant:R:T, linear:R:T, exponential:R:T (such as linear:0.5:1000), rational, power, power:GAMMA:P or bias-corrected.");
    }
}
