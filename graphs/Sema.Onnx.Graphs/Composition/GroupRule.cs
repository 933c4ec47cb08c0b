namespace Sema.Onnx.Graphs.Composition;

/// <summary>What weights of a name pattern get of their own: a share of the learning rate, a weight decay.</summary>
/// <param name="Pattern">The name pattern (* and ?) of the weights.</param>
public sealed record GroupRule(string Pattern)
{
    /// <summary>Gets what the learning rate is multiplied by, at least 0. Default 1.</summary>
    public double RateScale { get; init; } = 1;

    /// <summary>Gets the weight decay, at least 0; <see langword="null"/> for the optimizer's.</summary>
    public double? WeightDecay { get; init; }

    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    internal void Validate()
    {
        AtLeastZero(RateScale, nameof(RateScale));
        AtLeastZero(WeightDecay ?? 0, nameof(WeightDecay));
    }

    private void AtLeastZero(double value, string name)
    {
        if (!(value >= 0) || !double.IsFinite(value))
            throw new ArgumentOutOfRangeException(name, value, $"The {name} of the group '{Pattern}' must be at least 0.");
    }
}
