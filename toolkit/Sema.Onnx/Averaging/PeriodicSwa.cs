namespace Sema.Onnx.Averaging;

/// <summary>Periodic SWA: the mean of the weights at each epoch's end, which after every P-th epoch becomes the weights; average and
/// optimizer then start afresh.</summary>
/// <remarks>
/// <para>Until epoch s the average is a copy of the weights, taken at each epoch's end; epochs s to s + P − 1 are the first period.</para>
/// <para>With a limit of 2 or 3 stages it is double or triple SWA: SWA twice or three times in a row, each from the previous average;
/// the last stage goes on to the end of the run, and its average is the result.</para>
/// <para>Source: Guo et al., Stochastic Weight Averaging Revisited, <see href="https://arxiv.org/abs/2201.00519">arXiv:2201.00519</see>
/// (PSWA, DSWA, TSWA).</para>
/// </remarks>
public sealed record PeriodicSwa : AveragingStrategy
{
    /// <summary>Initializes a periodic SWA.</summary>
    /// <param name="period">P, in epochs (or steps), at least 1.</param>
    /// <param name="start">s, the first epoch (or step) whose weights count, from 1.</param>
    /// <param name="stages">How many averages follow each other at most, at least 1; <see langword="null"/> for no limit.</param>
    /// <param name="unit">What period and start count.</param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is less than 1.</exception>
    public PeriodicSwa(long period, long start = 1, int? stages = null, IntervalUnit unit = IntervalUnit.Epochs)
    {
        AtLeastOne(stages ?? 1, nameof(stages));
        (Period, Start, Stages, Unit) = (AtLeastOne(period, nameof(period)), AtLeastOne(start, nameof(start)), stages, unit);
    }

    /// <summary>Gets P, the length of a period.</summary>
    public long Period { get; }

    /// <summary>Gets s, the first epoch (or step) whose weights count.</summary>
    public long Start { get; }

    /// <summary>Gets how many averages follow each other at most; <see langword="null"/> for no limit.</summary>
    public int? Stages { get; }

    /// <summary>Gets what period and start count.</summary>
    public IntervalUnit Unit { get; }

    /// <summary>Gets <c>pswa</c>; with two stages <c>dswa</c>, with three <c>tswa</c>.</summary>
    public override IReadOnlyList<string> Averages => [Name];

    /// <inheritdoc/>
    public override IReadOnlyList<Shadow> ShadowWeights => [new(Name, EveryStep: false)];

    /// <inheritdoc/>
    public override bool MovesWeights => true;

    /// <inheritdoc/>
    public override double Decay(int shadow, TrainingPosition at)
    {
        CheckIndex(shadow, 1);
        if (at.Done(Unit) is not { } done)
            return 1;
        if (done <= Start)
            return 0;
        var stage = Math.Min((done - Start) / Period, (Stages ?? long.MaxValue) - 1);
        var n = done - Start - (stage * Period);
        return n / (n + 1.0);
    }

    /// <inheritdoc/>
    public override SwitchDecision? SwitchAfter(TrainingPosition at)
    {
        if (at.Done(Unit) is not { } done || done < Start)
            return null;
        var counted = done - Start + 1;
        return counted % Period == 0 && counted / Period < (Stages ?? long.MaxValue) ? new SwitchDecision(0, 0, ClearOptimizer: true) : null;
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Name} of {Period} {Unit.ToString().ToLowerInvariant()} from {Start} on, {(Stages is { } most ? $"{most} stages" : "without end")}";

    private string Name => Stages switch
    {
        2 => "dswa",
        3 => "tswa",
        _ => "pswa",
    };
}
