namespace Sema.Onnx.Averaging;

/// <summary>LAWA: the mean of the weights at the last k epochs' ends (or of the last k at every m-th step).</summary>
/// <remarks>
/// <para>It keeps k copies of the weights. While fewer than k have been taken, the average is the mean of those.</para>
/// <para>Source: Kaddour, Stop Wasting My Time!, <see href="https://arxiv.org/abs/2209.14981">arXiv:2209.14981</see>.</para>
/// </remarks>
public sealed record LatestWeightAveraging : AveragingStrategy
{
    /// <summary>Initializes a LAWA.</summary>
    /// <param name="last">k, how many weights count, at least 1; each costs the bytes of the weights.</param>
    /// <param name="every">m, the interval, at least 1.</param>
    /// <param name="unit">What m counts.</param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is less than 1.</exception>
    public LatestWeightAveraging(int last, long every = 1, IntervalUnit unit = IntervalUnit.Epochs) =>
        (Last, Every, Unit) = ((int)AtLeastOne(last, nameof(last)), AtLeastOne(every, nameof(every)), unit);

    /// <summary>Gets k, how many weights count.</summary>
    public int Last { get; }

    /// <summary>Gets m, the interval.</summary>
    public long Every { get; }

    /// <summary>Gets what the interval counts.</summary>
    public IntervalUnit Unit { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Averages => ["lawa"];

    /// <inheritdoc/>
    public override IReadOnlyList<Shadow> ShadowWeights => [.. Enumerable.Range(1, Last).Select(i => new Shadow($"lawa-{i}", EveryStep: false))];

    /// <inheritdoc/>
    /// <remarks>The n-th weights taken replace those taken k before: they go to the shadow (n − 1) mod k.</remarks>
    public override double Decay(int shadow, TrainingPosition at)
    {
        CheckIndex(shadow, Last);
        return at.Done(Unit) is { } done && done % Every == 0 && ((done / Every) - 1) % Last == shadow ? 0 : 1;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Portion> Mixture(int average, TrainingPosition at)
    {
        CheckIndex(average, 1);
        var whole = Unit == IntervalUnit.Steps ? at.Step : at.EndsEpoch ? at.Epoch : at.Epoch - 1;
        var taken = (int)Math.Clamp(whole / Every, 1, Last);
        return [.. Enumerable.Range(0, taken).Select(i => new Portion(i, 1.0 / taken))];
    }

    /// <inheritdoc/>
    public override string ToString() => $"LAWA of the last {Last}, every {Every} {Unit.ToString().ToLowerInvariant()}";
}
