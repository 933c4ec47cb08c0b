using System.Globalization;

namespace Sema.Onnx.Averaging;

/// <summary>Exponential moving averages of the weights, one for each decay, side by side:
/// <c>e = d_t e + (1 − d_t) w</c>.</summary>
/// <remarks>Never changes the trained weights; compare <see cref="SwitchEma"/>.</remarks>
public sealed record ExponentialMovingAverage : AveragingStrategy
{
    private readonly double[] _decays;
    private readonly string[] _names;

    /// <summary>Initializes one average.</summary>
    /// <param name="decay">d, a decay per optimizer step in [0, 1); 0.999 remembers about 1000 steps.</param>
    /// <param name="warmup">How the decay grows to d; constant by default.</param>
    /// <param name="updateEvery">k: the average is updated at the steps divisible by k only, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is out of range.</exception>
    public ExponentialMovingAverage(double decay, EmaWarmup? warmup = null, int updateEvery = 1)
        : this([decay], warmup, updateEvery)
    {
    }

    /// <summary>Initializes several averages side by side.</summary>
    /// <param name="decays">The decays per optimizer step, distinct, each in [0, 1); the first is evaluated, exported
    /// and switched in.</param>
    /// <param name="warmup">How each decay grows to its value; constant by default.</param>
    /// <param name="updateEvery">k: the averages are updated at the steps divisible by k only, at least 1.</param>
    /// <exception cref="ArgumentException">There is no decay, or one is given twice.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is out of range.</exception>
    public ExponentialMovingAverage(IReadOnlyList<double> decays, EmaWarmup? warmup = null, int updateEvery = 1)
    {
        ArgumentNullException.ThrowIfNull(decays);
        foreach (var decay in decays)
        {
            if (!(decay is >= 0 and < 1))
                throw new ArgumentOutOfRangeException(nameof(decays), decay,
                    "A decay must be in [0, 1), such as 0.999.");
        }
        if (decays.Count == 0 || decays.Distinct().Count() < decays.Count)
            throw new ArgumentException(
                "Give one or more decays, each of them once, such as 0.999 and 0.9999.", nameof(decays));
        if (updateEvery < 1)
            throw new ArgumentOutOfRangeException(nameof(updateEvery), updateEvery,
                "Averages are updated every k steps; k must be at least 1.");
        _decays = [.. decays];
        _names = _decays.Length == 1 ? ["ema"] : [.. _decays.Select(d => "ema-" + Text(d))];
        Warmup = warmup ?? new ConstantDecay();
        UpdateEvery = updateEvery;
    }

    /// <summary>Gets the decays per optimizer step as they were given, in the order of <see cref="Averages"/>.</summary>
    public IReadOnlyList<double> Decays => _decays;

    /// <summary>Gets how the decays grow to their values.</summary>
    public EmaWarmup Warmup { get; }

    /// <summary>Gets k: the averages are updated at the steps divisible by k only.</summary>
    public int UpdateEvery { get; }

    /// <summary>Gets k, how many times as large the run's batch is as the one that the decays are given for; they count as <c>d^k</c>. Default 1.</summary>
    public double BatchScale { get; private init; } = 1;

    /// <summary>Gets the decay per optimizer step of the run, <c>d^k</c>.</summary>
    /// <param name="average">The index of the average.</param>
    /// <returns>d itself where the batches are of the size that it is given for.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such average.</exception>
    public double ScaledDecay(int average)
    {
        CheckIndex(average, _decays.Length);
        return BatchScale == 1 ? _decays[average] : Math.Pow(_decays[average], BatchScale);
    }

    /// <summary>Takes the decays as given for another batch size, so that the average remembers as many samples at any: <c>d^(batch/reference)</c>.</summary>
    /// <param name="batch">The samples of an optimizer step of the run, all its batches together, at least 1.</param>
    /// <param name="reference">The samples of a step that the decays are given for, at least 1.</param>
    /// <returns>The same averages, under the same names, scaled; a warm-up still counts the run's own steps.</returns>
    /// <remarks>Source: Busbridge et al., How to Scale Your EMA, <see href="https://arxiv.org/abs/2307.13813">arXiv:2307.13813</see>.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">A number is less than 1.</exception>
    public ExponentialMovingAverage ForBatch(long batch, long reference)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(reference, 1);
        return this with { BatchScale = (double)batch / reference };
    }

    /// <summary>Gets <c>ema</c> for one decay, <c>ema-</c> and the decay for each of several.</summary>
    public override IReadOnlyList<string> Averages => _names;

    /// <inheritdoc/>
    public override IReadOnlyList<Shadow> ShadowWeights => [.. _names.Select(name => new Shadow(name, EveryStep: UpdateEvery == 1))];

    /// <inheritdoc/>
    /// <remarks>A decay is per optimizer step, so an update at every k-th step uses <c>d_t^k</c>; between them the
    /// decay is 1.</remarks>
    public override double Decay(int shadow, TrainingPosition at)
    {
        CheckIndex(shadow, _decays.Length);
        return at.Step % UpdateEvery == 0 ? Warmup.Decay(ScaledDecay(shadow), at.Step, UpdateEvery) : 1;
    }

    /// <summary>Says whether the other has the same decays in the same order, the same warm-up and interval.</summary>
    /// <param name="other">The other strategy.</param>
    /// <returns>Whether the two always decide alike.</returns>
    public bool Equals(ExponentialMovingAverage? other) =>
        other is not null && _decays.SequenceEqual(other._decays)
        && Warmup == other.Warmup && UpdateEvery == other.UpdateEvery && BatchScale == other.BatchScale;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_decays[0], _decays.Length, Warmup, UpdateEvery, BatchScale);

    /// <inheritdoc/>
    public override string ToString()
    {
        var decays = string.Join(", ", _decays.Select(Text));
        return $"EMA, decay {decays}, every {UpdateEvery} step(s), {Warmup}" + (BatchScale == 1 ? "" : $", to the power {Text(BatchScale)}");
    }

    private static string Text(double decay) => decay.ToString(CultureInfo.InvariantCulture);
}
