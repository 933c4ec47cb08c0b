namespace Sema.Onnx.Averaging;

/// <summary>Several strategies side by side on one trajectory, of which at most one moves the weights.</summary>
/// <remarks>Each average has the bits that its strategy alone would give, for the price of its shadows' bytes.</remarks>
public sealed record CombinedAveraging : AveragingStrategy
{
    private readonly AveragingStrategy[] _strategies;
    private readonly (AveragingStrategy Strategy, int Shadow)[] _shadows;
    private readonly (AveragingStrategy Strategy, int Average, int Offset)[] _averages;

    /// <summary>Initializes a combination.</summary>
    /// <param name="strategies">The strategies; the first average of the first is evaluated and exported unless another is asked for.</param>
    /// <exception cref="ArgumentException">Two of them move the weights, or two averages have the same name.</exception>
    public CombinedAveraging(params IReadOnlyList<AveragingStrategy> strategies)
    {
        ArgumentNullException.ThrowIfNull(strategies);
        _strategies = [.. strategies];
        AveragingStrategy[] moving = [.. _strategies.Where(s => s.MovesWeights)];
        if (moving.Length > 1)
            throw new ArgumentException($"Both '{moving[0]}' and '{moving[1]}' move the weights; a run can have one such strategy.", nameof(strategies));
        if (_strategies.SelectMany(s => s.Averages).GroupBy(n => n).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new ArgumentException($"Two strategies keep an average '{twice.Key}'; a run can have one of each name.", nameof(strategies));
        _shadows = [.. _strategies.SelectMany(s => s.ShadowWeights.Select((_, k) => (s, k)))];
        var offset = 0;
        _averages = [.. _strategies.SelectMany(s =>
        {
            var first = offset;
            offset += s.ShadowWeights.Count;
            return s.Averages.Select((_, k) => (s, k, first));
        })];
    }

    /// <summary>Gets the strategies.</summary>
    public IReadOnlyList<AveragingStrategy> Strategies => _strategies;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Averages => [.. _strategies.SelectMany(s => s.Averages)];

    /// <inheritdoc/>
    public override IReadOnlyList<Shadow> ShadowWeights => [.. _strategies.SelectMany(s => s.ShadowWeights)];

    /// <inheritdoc/>
    public override bool MovesWeights => _strategies.Any(s => s.MovesWeights);

    /// <inheritdoc/>
    public override double Decay(int shadow, TrainingPosition at)
    {
        CheckIndex(shadow, _shadows.Length);
        return _shadows[shadow].Strategy.Decay(_shadows[shadow].Shadow, at);
    }

    /// <inheritdoc/>
    public override SwitchDecision? SwitchAfter(TrainingPosition at)
    {
        var offset = 0;
        foreach (var strategy in _strategies)
        {
            if (strategy.SwitchAfter(at) is { } decision)
                return decision with { Shadow = decision.Shadow + offset };
            offset += strategy.ShadowWeights.Count;
        }

        return null;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Portion> Mixture(int average, TrainingPosition at)
    {
        CheckIndex(average, _averages.Length);
        var (strategy, own, offset) = _averages[average];
        return [.. strategy.Mixture(own, at).Select(p => p with { Shadow = p.Shadow + offset })];
    }

    /// <inheritdoc/>
    public override bool RecordAfter(TrainingPosition at) => _strategies.Any(s => s.RecordAfter(at));

    /// <summary>Says whether the other has the same strategies in the same order.</summary>
    /// <param name="other">The other combination.</param>
    public bool Equals(CombinedAveraging? other) => other is not null && _strategies.SequenceEqual(other._strategies);

    /// <inheritdoc/>
    public override int GetHashCode() => _strategies.Aggregate(0, HashCode.Combine);

    /// <inheritdoc/>
    public override string ToString() => string.Join(" + ", _strategies.Select(s => s.ToString()));
}
