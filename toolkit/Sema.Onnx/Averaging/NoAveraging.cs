namespace Sema.Onnx.Averaging;

/// <summary>Keeps no average: the trained weights are the result.</summary>
public sealed record NoAveraging : AveragingStrategy
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Averages => [];

    /// <summary>Never succeeds, as there is no average to ask about.</summary>
    /// <param name="shadow">Any index.</param>
    /// <param name="at">Any position.</param>
    /// <returns>Nothing.</returns>
    /// <exception cref="ArgumentOutOfRangeException">Always.</exception>
    public override double Decay(int shadow, TrainingPosition at) =>
        throw new ArgumentOutOfRangeException(nameof(shadow), shadow,
            "No weights are averaged in this run; ask no decay.");

    /// <inheritdoc/>
    public override string ToString() => "no averaging";
}
