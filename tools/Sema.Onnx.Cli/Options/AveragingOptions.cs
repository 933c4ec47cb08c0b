using System.CommandLine;
using Sema.Onnx.Averaging;

namespace Sema.Onnx.Cli.Options;

/// <summary>--average: which averaged weights are kept beside the trained ones.</summary>
internal sealed class AveragingOptions : OptionGroup
{
    private const string None = "none";

    private static readonly string[] Kinds = [None, "ema", "sema", "swa", "pswa", "dswa", "tswa", "lawa", "lookahead", "polyak", "posthoc"];

    internal AveragingOptions()
        : base("Averaged weights")
    {
        Kind = Add(Flag.Choices("--average", "KIND[,KIND...]", string.Join('\n',
            "One kind, or several side by side, of which one at most may move the weights; the first is exported. [default: sema; none with a schedule-free optimizer, which keeps an average of its own]",
            "none: no average",
            "ema: an exponential moving average",
            "sema: Switch EMA, which becomes the weights at every epoch's end (moves them)",
            "swa: the mean of the weights at the epochs' ends",
            "pswa, dswa, tswa: periodic, double and triple swa, whose means become the weights (move them)",
            "lawa: the mean of the weights at the last few epochs' ends",
            "lookahead: slow weights that become the weights every few steps (moves them)",
            "polyak: the mean of the weights after all steps",
            "posthoc: averages of which one of any width is made after the run"), "sema", Kinds));
    }

    internal Option<string[]> Kind { get; }

    internal EmaOptions Ema { get; init; } = new();

    internal SwaOptions Swa { get; } = new();

    /// <summary>Gets this group and those of the kinds' own options.</summary>
    internal IReadOnlyList<OptionGroup> Groups => [this, Ema, Swa];

    /// <param name="parse">The arguments.</param>
    /// <param name="ownAverage">Whether the optimizer keeps an average of its own, which the weights are made from.</param>
    /// <exception cref="UsageException">The kinds do not go together, or not with the optimizer.</exception>
    internal AveragingStrategy Bind(ParseResult parse, bool ownAverage)
    {
        var kinds = Chosen(parse, ownAverage);
        if (kinds.Contains(None) && kinds.Length > 1)
            throw new UsageException("--average: 'none' stands alone.");
        AveragingStrategy[] strategies = [.. kinds.Select(kind => One(kind, parse))];
        try
        {
            var strategy = strategies is [var only] ? only : new CombinedAveraging(strategies);
            return !(ownAverage && strategy.MovesWeights) ? strategy
                : throw new UsageException($"--average {string.Join(',', kinds)} moves the weights, which a schedule-free optimizer makes from its own average; leave it out, or choose one that does not.");
        }
        catch (ArgumentException e)
        {
            throw new UsageException($"--average: {e.Message.Split(" (Parameter")[0]}");
        }
    }

    /// <summary>Says what the decays of the averages are where the run's batches change them; else nothing.</summary>
    internal string? Scaled(ParseResult parse) => parse.GetValue(Kind)!.Any(k => k is "ema" or "sema") ? Ema.Scaled(parse) : null;

    /// <summary>Gets the values in effect of the options whose defaults depend on others.</summary>
    internal IEnumerable<(Option Option, object Value)> Resolved(ParseResult parse, bool ownAverage)
    {
        var kinds = Chosen(parse, ownAverage);
        var switches = kinds.Contains("sema");
        return [(Kind, kinds), .. switches || kinds.Contains("ema") ? Ema.Resolved(parse, switches) : []];
    }

    // A schedule-free optimizer's own average is enough where no other is asked for.
    private string[] Chosen(ParseResult parse, bool ownAverage) => ownAverage && !ConfigFile.IsGiven(parse, Kind) ? [None] : parse.GetValue(Kind)!;

    private AveragingStrategy One(string kind, ParseResult parse) => kind switch
    {
        None => new NoAveraging(),
        "ema" => Ema.Average(parse),
        "sema" => Ema.Switched(parse),
        "swa" => Swa.Mean(parse),
        "pswa" => Swa.Periodic(parse, kind, stages: null),
        "dswa" => Swa.Periodic(parse, kind, stages: 2),
        "tswa" => Swa.Periodic(parse, kind, stages: 3),
        "lawa" => Swa.Latest(parse),
        "lookahead" => Swa.Lookahead(parse),
        "polyak" => new PolyakAveraging(),
        _ => Swa.PostHoc(parse),
    };
}
