namespace Sema.Onnx.Averaging;

/// <summary>The average that a schedule-free optimizer keeps by its own definition, among its state.</summary>
/// <param name="Slot">The name of the state vector.</param>
/// <remarks>The trained weights are made from it at every step, so no other strategy may move them.</remarks>
internal sealed record OptimizerAverage(string Slot) : AveragingStrategy
{
    /// <summary>The average's name.</summary>
    internal const string Name = "schedule-free";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Averages => [Name];

    /// <inheritdoc/>
    public override IReadOnlyList<Shadow> ShadowWeights => [new(Name, EveryStep: false, Slot)];

    /// <inheritdoc/>
    public override bool MovesWeights => true;

    /// <inheritdoc/>
    public override double Decay(int shadow, TrainingPosition at)
    {
        CheckIndex(shadow, 1);
        return 1;
    }

    /// <inheritdoc/>
    public override string ToString() => "schedule-free averaging";
}
