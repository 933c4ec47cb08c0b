namespace Sema.Onnx.Averaging;

/// <summary>Power-function averages, put on record now and then, from which an average of any width is made after the run.</summary>
/// <remarks>
/// <para>After step t <c>e = β e + (1 − β) w</c> with <c>β = (1 − 1/t)^(γ+1)</c>: the weights of step τ count as τ^γ, so the average
/// grows with the run and forgets the start. Its width σ, the standard deviation of the profile as a share of the run, fixes γ by
/// <c>σ² = (γ + 1) / ((γ + 2)² (γ + 3))</c>.</para>
/// <para>Source: Karras et al., <see href="https://arxiv.org/abs/2312.02696">arXiv:2312.02696</see>, section 3 and appendix C.</para>
/// </remarks>
public sealed record PostHocEma : AveragingStrategy
{
    private const double Widest = 0.288675;   // 1/√12, the width of the plain mean, γ = 0

    private readonly double[] _widths;
    private readonly double[] _powers;

    /// <summary>Initializes the averages.</summary>
    /// <param name="widths">σ of each, in (0, 0.2886]; the authors keep 0.05 and 0.1. Default: these.</param>
    /// <param name="recordEvery">After how many epochs (or steps) the averages are put on record, at least 1.</param>
    /// <param name="unit">What that counts.</param>
    /// <exception cref="ArgumentException">A width is given twice.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is out of range.</exception>
    public PostHocEma(IReadOnlyList<double>? widths = null, long recordEvery = 1, IntervalUnit unit = IntervalUnit.Epochs)
    {
        _widths = [.. widths ?? [0.05, 0.1]];
        if (_widths.Length == 0 || _widths.Distinct().Count() < _widths.Length)
            throw new ArgumentException("Give one or more widths, each of them once, such as 0.05 and 0.1.", nameof(widths));
        _powers = [.. _widths.Select(Power)];
        (RecordEvery, Unit) = (AtLeastOne(recordEvery, nameof(recordEvery)), unit);
    }

    /// <summary>Gets σ of each average.</summary>
    public IReadOnlyList<double> Widths => _widths;

    /// <summary>Gets after how many epochs (or steps) the averages are put on record.</summary>
    public long RecordEvery { get; }

    /// <summary>Gets what that counts.</summary>
    public IntervalUnit Unit { get; }

    /// <summary>Gets <c>power-</c> and the width of each.</summary>
    public override IReadOnlyList<string> Averages => [.. _widths.Select(w => FormattableString.Invariant($"power-{w}"))];

    /// <summary>Gets the exponent γ of a profile of width σ.</summary>
    /// <param name="width">σ, in (0, 0.2886].</param>
    /// <exception cref="ArgumentOutOfRangeException">The width is out of range.</exception>
    public static double Power(double width)
    {
        if (!(width is > 0 and <= Widest))
            throw new ArgumentOutOfRangeException(nameof(width), width, "The width σ of a power-function average must be in (0, 0.2886], such as 0.1.");

        // σ falls as γ grows, so the root lies where a bisection ends.
        double low = 0, high = 1;
        while (Width(high) > width)
            high *= 2;
        for (var i = 0; i < 100; i++)
        {
            var middle = (low + high) / 2;
            (low, high) = Width(middle) > width ? (middle, high) : (low, middle);
        }

        return low;

        static double Width(double gamma) => Math.Sqrt((gamma + 1) / ((gamma + 2) * (gamma + 2) * (gamma + 3)));
    }

    /// <inheritdoc/>
    public override double Decay(int shadow, TrainingPosition at)
    {
        CheckIndex(shadow, _widths.Length);
        return Math.Pow(1 - (1.0 / at.Step), _powers[shadow] + 1);
    }

    /// <inheritdoc/>
    public override bool RecordAfter(TrainingPosition at) => at.Done(Unit) is { } done && done % RecordEvery == 0;

    /// <summary>Says whether the other has the same widths in the same order and the same records.</summary>
    /// <param name="other">The other strategy.</param>
    public bool Equals(PostHocEma? other) =>
        other is not null && _widths.SequenceEqual(other._widths) && RecordEvery == other.RecordEvery && Unit == other.Unit;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_widths[0], _widths.Length, RecordEvery, Unit);

    /// <inheritdoc/>
    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture,
        $"post-hoc EMA of widths {string.Join(", ", Averages)}, recorded every {RecordEvery} {Unit.ToString().ToLowerInvariant()}");
}
