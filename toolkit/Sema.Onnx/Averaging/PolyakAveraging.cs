namespace Sema.Onnx.Averaging;

/// <summary>Polyak averaging: the plain mean of the weights after every step from a start on.</summary>
/// <remarks>
/// <para>Until the start the average is a copy of the weights.</para>
/// <para>Source: Polyak and Juditsky, Acceleration of stochastic approximation by averaging, 1992.</para>
/// </remarks>
public sealed record PolyakAveraging : AveragingStrategy
{
    /// <summary>Initializes a Polyak averaging.</summary>
    /// <param name="start">The first step whose weights count, from 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The start is less than 1.</exception>
    public PolyakAveraging(long start = 1) => Start = AtLeastOne(start, nameof(start));

    /// <summary>Gets the first step whose weights count.</summary>
    public long Start { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Averages => ["polyak"];

    /// <inheritdoc/>
    public override double Decay(int shadow, TrainingPosition at)
    {
        CheckIndex(shadow, 1);
        var n = Math.Max(at.Step - Start, 0);
        return n / (n + 1.0);
    }

    /// <inheritdoc/>
    public override string ToString() => $"Polyak averaging from step {Start} on";
}
