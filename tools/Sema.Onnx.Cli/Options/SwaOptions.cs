using System.CommandLine;
using Sema.Onnx.Averaging;

namespace Sema.Onnx.Cli.Options;

/// <summary>--swa-*, --lawa-*, --lookahead-*, --posthoc-*.</summary>
internal sealed class SwaOptions : OptionGroup
{
    private const int UsualLast = 3;

    internal SwaOptions()
        : base("Averaged weights (swa, pswa, dswa, tswa, lawa, lookahead, posthoc)")
    {
        Start = Add(Flag.Text("--swa-start", "N[epochs|steps]", "The first epoch (or step) whose weights count. [default: 1epochs]"));
        Every = Add(Flag.Integer("--swa-every", "C", "For swa: count every C-th epoch (or step) from the start on.", 1, 1));
        Period = Add(Flag.Integer("--swa-period", "P", "For pswa, dswa, tswa: after how many epochs (or steps) the average becomes the weights."));
        Last = Add(Flag.Integer("--lawa-last", "K", "For lawa: how many weights count; each costs the weights' bytes.", UsualLast, 1));
        LastEvery = Add(Flag.Text("--lawa-every", "N[epochs|steps]", "For lawa: how often weights are taken. [default: 1epochs]"));
        LookaheadEvery = Add(Flag.Integer("--lookahead-every", "K", "For lookahead: the steps between two moves of the slow weights.", 5, 1));
        LookaheadAlpha = Add(Flag.Number("--lookahead-alpha", "A", "For lookahead: how far the slow weights go towards the fast ones, in (0, 1].", 0.5));
        Widths = Add(Flag.Numbers("--posthoc-widths", "S[,S...]", "For posthoc: widths of the averages kept, as shares of the run, in (0, 0.2886]. [default: 0.05,0.1]"));
        RecordEvery = Add(Flag.Text("--posthoc-every", "N[epochs|steps]", "For posthoc: how often the averages are put on record. [default: 1epochs]"));
    }

    internal Option<string?> Start { get; }

    internal Option<int> Every { get; }

    internal Option<long?> Period { get; }

    internal Option<int> Last { get; }

    internal Option<string?> LastEvery { get; }

    internal Option<int> LookaheadEvery { get; }

    internal Option<double> LookaheadAlpha { get; }

    internal Option<double[]> Widths { get; }

    internal Option<string?> RecordEvery { get; }

    /// <summary>Gets the first epoch or step whose weights count.</summary>
    internal Interval First(ParseResult parse) => Read(Start, parse);

    internal StochasticWeightAveraging Mean(ParseResult parse)
    {
        var start = Read(Start, parse);
        return new(start.Count, parse.GetValue(Every), start.Unit);
    }

    internal PeriodicSwa Periodic(ParseResult parse, string kind, int? stages)
    {
        var start = Read(Start, parse);
        return new(parse.GetValue(Period) ?? throw new UsageException($"--average {kind} needs --swa-period: after how many epochs the average becomes the weights."),
            start.Count, stages, start.Unit);
    }

    internal LatestWeightAveraging Latest(ParseResult parse)
    {
        var every = Read(LastEvery, parse);
        return new(parse.GetValue(Last), every.Count, every.Unit);
    }

    internal Lookahead Lookahead(ParseResult parse)
    {
        var alpha = parse.GetValue(LookaheadAlpha);
        return alpha is > 0 and <= 1 ? new(parse.GetValue(LookaheadEvery), alpha)
            : throw new UsageException(FormattableString.Invariant($"--lookahead-alpha: {alpha} is out of range; it must be in (0, 1]."));
    }

    internal PostHocEma PostHoc(ParseResult parse)
    {
        var every = Read(RecordEvery, parse);
        try
        {
            return new(parse.GetValue(Widths) is { Length: > 0 } widths ? widths : null, every.Count, every.Unit);
        }
        catch (ArgumentException e)
        {
            throw new UsageException($"--posthoc-widths: {e.Message.Split(" (Parameter")[0]}");
        }
    }

    private static Interval Read(Option<string?> option, ParseResult parse) => Interval.Parse(parse.GetValue(option) ?? "1epochs", option.Name, inSteps: false);
}
