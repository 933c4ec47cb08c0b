namespace Sema.Onnx.Graphs.Optimizers;

/// <summary>Adam: steps scaled by running moments of the gradient; weight decay is added to the gradient.</summary>
/// <remarks>Source: Kingma and Ba, <see href="https://arxiv.org/abs/1412.6980">arXiv:1412.6980</see>, algorithm 1, ε outside the bias correction.</remarks>
public record Adam : Optimizer
{
    /// <summary>Gets the decay β₁ of the first moment, in [0, 1). Default 0.9.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Gets the decay β₂ of the second moment, in [0, 1). Default 0.999.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Gets ε &gt; 0, added to the root of the second moment. Default 1e-8.</summary>
    public double Epsilon { get; init; } = 1e-8;

    internal override IReadOnlyList<string> Slots => ["moment1", "moment2"];

    internal override (Value Weights, IReadOnlyList<Value> Slots) Step(OptimizerInputs x) =>
        Move(x, x.W, x.G + x.Scalar(x.WeightDecay) * x.W);

    // m ← β₁ m + (1 − β₁) g; v ← β₂ v + (1 − β₂) g²; w ← w − η/(1 − β₁ᵗ) m / (√v / √(1 − β₂ᵗ) + ε)
    private protected (Value Weights, IReadOnlyList<Value> Slots) Move(OptimizerInputs x, Value w, Value g)
    {
        var m = x.Slots[0] * Beta1 + g * (1 - Beta1);
        var v = x.Slots[1] * Beta2 + g.Square() * (1 - Beta2);
        var rate = x.Scalar(x.LearningRate / Correction(x, Beta1));
        var root = v.Sqrt() / x.Scalar(Correction(x, Beta2).Sqrt()) + Epsilon;
        return (w - rate * (m / root), [m, v]);
    }

    // 1 − βᵗ, in float64: in float32 a β near 1 would lose half its digits.
    private static Value Correction(OptimizerInputs x, double beta) => 1 - x.Step.Like(beta).Pow(x.Step);

    internal override void Validate()
    {
        base.Validate();
        Require(Beta1 is >= 0 and < 1, nameof(Beta1), Beta1, "in [0, 1)");
        Require(Beta2 is >= 0 and < 1, nameof(Beta2), Beta2, "in [0, 1)");
        Require(Epsilon > 0, nameof(Epsilon), Epsilon, "above 0");
    }
}
