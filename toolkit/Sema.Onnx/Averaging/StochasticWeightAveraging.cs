namespace Sema.Onnx.Averaging;

/// <summary>SWA: the plain mean of the weights at the end of epoch s and of every c-th epoch after it,
/// <c>e = (n e + w) / (n + 1)</c>.</summary>
/// <remarks>
/// <para>Until epoch s the average is a copy of the weights, taken at each epoch's end.</para>
/// <para>Source: Izmailov et al., <see href="https://arxiv.org/abs/1803.05407">arXiv:1803.05407</see>, algorithm 1, which takes a
/// constant or cyclical learning rate from s on.</para>
/// </remarks>
public sealed record StochasticWeightAveraging : AveragingStrategy
{
    /// <summary>Initializes an SWA.</summary>
    /// <param name="start">s, the first epoch (or step) whose weights count, from 1.</param>
    /// <param name="every">c, the interval, at least 1.</param>
    /// <param name="unit">What both count.</param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is less than 1.</exception>
    public StochasticWeightAveraging(long start = 1, long every = 1, IntervalUnit unit = IntervalUnit.Epochs) =>
        (Start, Every, Unit) = (AtLeastOne(start, nameof(start)), AtLeastOne(every, nameof(every)), unit);

    /// <summary>Gets s, the first epoch (or step) whose weights count.</summary>
    public long Start { get; }

    /// <summary>Gets c, the interval.</summary>
    public long Every { get; }

    /// <summary>Gets what start and interval count.</summary>
    public IntervalUnit Unit { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Averages => ["swa"];

    /// <inheritdoc/>
    public override IReadOnlyList<Shadow> ShadowWeights => [new("swa", EveryStep: false)];

    /// <inheritdoc/>
    public override double Decay(int shadow, TrainingPosition at)
    {
        CheckIndex(shadow, 1);
        if (at.Done(Unit) is not { } done)
            return 1;
        if (done <= Start)
            return 0;
        var n = (done - Start) / Every;
        return (done - Start) % Every == 0 ? n / (n + 1.0) : 1;
    }

    /// <inheritdoc/>
    public override string ToString() => $"SWA from {Start} on, every {Every} {Unit.ToString().ToLowerInvariant()}";
}
