namespace Sema.Onnx.Averaging;

/// <summary>Switch EMA: an exponential moving average that is put into the weights at every K-th epoch's end,
/// <c>w = b w + (1 − b) e</c>.</summary>
/// <remarks>
/// <para>With n epochs (or steps) done since the start of the run, the weights are switched if n is divisible by K and
/// start ≤ n ≤ end. With K = 1 that is the end of every epoch.</para>
/// <para>The step's update of the average comes first, then the switch; the average and the optimizer's state go on
/// from where they are. Where the average is updated every k-th step only, a switch between two updates puts in the
/// last one.</para>
/// <para>Source: Li et al., <see href="https://arxiv.org/abs/2402.09240">arXiv:2402.09240</see>. Two departures from
/// the hook released with it: that hook negates its interval test, so it never switches with K = 1; and its start is
/// exclusive.</para>
/// </remarks>
public sealed record SwitchEma : AveragingStrategy
{
    /// <summary>Initializes a Switch EMA.</summary>
    /// <param name="average">The average; of several decays the first is switched in, the others are only kept.</param>
    /// <param name="every">K, the interval in <paramref name="unit"/>s, at least 1.</param>
    /// <param name="unit">What K, start and end count.</param>
    /// <param name="start">The first n at which a switch may happen, inclusive, at least 0; 0 and 1 both mean from the
    /// beginning.</param>
    /// <param name="end">The last n at which a switch may happen, inclusive; <see langword="null"/> for no end.</param>
    /// <param name="keep">b, the share of the weights that stays, in [0, 1); 0 makes the weights equal to the
    /// average.</param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is out of range, or no n from start to end is
    /// divisible by K.</exception>
    public SwitchEma(
        ExponentialMovingAverage average,
        long every = 1,
        IntervalUnit unit = IntervalUnit.Epochs,
        long start = 0,
        long? end = null,
        double keep = 0)
    {
        ArgumentNullException.ThrowIfNull(average);
        if (every < 1)
            throw new ArgumentOutOfRangeException(nameof(every), every,
                "Weights are switched every K epochs or steps; K must be at least 1.");
        if (unit is not (IntervalUnit.Epochs or IntervalUnit.Steps))
            throw new ArgumentOutOfRangeException(nameof(unit), unit, "Switches are counted in epochs or in steps.");
        if (start < 0)
            throw new ArgumentOutOfRangeException(nameof(start), start,
                "The start of the switches must not be negative; 0 is the beginning.");
        // The last multiple of K up to the end is the last switch; before the start, or 0, it would be none at all.
        if (end - (end % every) < Math.Max(start, 1))
            throw new ArgumentOutOfRangeException(nameof(end), end,
                $"No multiple of {every} lies between the start {start} and the end, so the weights would "
                + "never be switched; move the end or shorten the interval.");
        Average = average;
        Every = every;
        Unit = unit;
        Start = start;
        End = end;
        Keep = keep is >= 0 and < 1
            ? keep
            : throw new ArgumentOutOfRangeException(nameof(keep), keep,
                "The share of the weights to keep must be in [0, 1); 0 switches wholly.");
    }

    /// <summary>Gets the average, whose first decay is switched in.</summary>
    public ExponentialMovingAverage Average { get; }

    /// <summary>Gets K, the interval in <see cref="Unit"/>s.</summary>
    public long Every { get; }

    /// <summary>Gets what the interval, start and end count.</summary>
    public IntervalUnit Unit { get; }

    /// <summary>Gets the first n at which a switch may happen, inclusive.</summary>
    public long Start { get; }

    /// <summary>Gets the last n at which a switch may happen, inclusive; <see langword="null"/> for no end.</summary>
    public long? End { get; }

    /// <summary>Gets b, the share of the weights that stays at a switch.</summary>
    public double Keep { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Averages => Average.Averages;

    /// <inheritdoc/>
    public override IReadOnlyList<Shadow> ShadowWeights => Average.ShadowWeights;

    /// <inheritdoc/>
    public override bool MovesWeights => true;

    /// <inheritdoc/>
    public override double Decay(int shadow, TrainingPosition at) => Average.Decay(shadow, at);

    /// <inheritdoc/>
    public override SwitchDecision? SwitchAfter(TrainingPosition at)
    {
        return at.Done(Unit) is { } n && n % Every == 0 && n >= Start && n <= (End ?? long.MaxValue) ? new SwitchDecision(0, Keep) : null;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var unit = Unit == IntervalUnit.Epochs ? "epoch(s)" : "step(s)";
        var end = End is null ? "the end of the run" : $"{End}";
        return FormattableString.Invariant(
            $"Switch EMA every {Every} {unit} from {Start} to {end}, keeping {Keep} of the weights; {Average}");
    }
}
