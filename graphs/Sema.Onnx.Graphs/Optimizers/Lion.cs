namespace Sema.Onnx.Graphs.Optimizers;

/// <summary>Lion: every weight moves by the learning rate, in the direction of a momentum's sign; weight decay is decoupled.</summary>
/// <remarks>Source: Chen et al., <see href="https://arxiv.org/abs/2302.06675">arXiv:2302.06675</see>, algorithm 2. The sign of 0 is 0.</remarks>
public sealed record Lion : Optimizer
{
    /// <summary>Gets the decay β₁ of the momentum in the step, in [0, 1). Default 0.9.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Gets the decay β₂ of the momentum that is kept, in [0, 1). Default 0.99.</summary>
    public double Beta2 { get; init; } = 0.99;

    internal override IReadOnlyList<string> Slots => ["momentum"];

    // c = β₁ m + (1 − β₁) g; w ← w − η (sign c + λ w); m ← β₂ m + (1 − β₂) g.
    // Both mixtures are written from d = g − m, the second from the first, so that it is computed last and may take m's place.
    internal override (Value Weights, IReadOnlyList<Value> Slots) Step(OptimizerInputs x)
    {
        var d = x.G - x.Slots[0];
        var c = x.Slots[0] + d * (1 - Beta1);
        var m = c + d * (Beta1 - Beta2);
        return (Shrunk(x) - x.Scalar(x.LearningRate) * c.Sign(), [m]);
    }

    internal override void Validate()
    {
        base.Validate();
        Require(Beta1 is >= 0 and < 1, nameof(Beta1), Beta1, "in [0, 1)");
        Require(Beta2 is >= 0 and < 1, nameof(Beta2), Beta2, "in [0, 1)");
    }
}
