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

    internal override (Value Weights, IReadOnlyList<Value> Slots) Step(OptimizerInputs x) => Move(x, x.W, WithDecay(x));

    // w ← w − η m̂ / (√v̂ + ε)
    private protected (Value Weights, IReadOnlyList<Value> Slots) Move(OptimizerInputs x, Value w, Value g)
    {
        var (m, v) = Moments(x, g);
        return (w - BiasCorrectedRate(x) * (m / Root(x, v)), [m, v]);
    }

    // m ← β₁ m + (1 − β₁) g; v ← β₂ v + (1 − β₂) g², the optimizer's first two slots
    private protected (Value M, Value V) Moments(OptimizerInputs x, Value g) =>
        (x.Slots[0] * Beta1 + g * (1 - Beta1), x.Slots[1] * Beta2 + g.Square() * (1 - Beta2));

    // η / (1 − β₁ᵗ)
    private protected Value BiasCorrectedRate(OptimizerInputs x) => x.Scalar(x.LearningRate / Correction(x, Beta1));

    // √v̂ + ε = √v / √(1 − β₂ᵗ) + ε
    private protected Value Root(OptimizerInputs x, Value v) => v.Sqrt() / x.Scalar(Correction(x, Beta2).Sqrt()) + Epsilon;

    // RAdam's step: η r m̂ √(1 − β₂ᵗ) / (√v + ε) where ρ = ρ∞ − 2 t β₂ᵗ / (1 − β₂ᵗ) > 5, with
    // r² = (ρ − 4)(ρ − 2) ρ∞ / ((ρ∞ − 4)(ρ∞ − 2) ρ); else η m̂
    private protected Value Rectified(OptimizerInputs x, Value m, Value v)
    {
        var most = 2 / (1 - Beta2) - 1;
        var correction = Correction(x, Beta2);
        var rho = most - x.Step * 2 * (1 - correction) / correction;
        var (known, one) = (rho.Greater(rho.Like(5)), rho.Like(1));
        var r = ((rho - 4) * (rho - 2) * most / (rho * ((most - 4) * (most - 2)))).Sqrt();
        var rate = x.LearningRate / Correction(x, Beta1) * known.Where(r * correction.Sqrt(), one);
        return x.Scalar(rate) * (m / known.Where(v.Sqrt() + Epsilon, v.Like(1)));
    }

    // 1 − βᵗ, in float64: in float32 a β near 1 would lose half its digits.
    private protected static Value Correction(OptimizerInputs x, double beta) => 1 - x.Step.Like(beta).Pow(x.Step);

    internal override void Validate()
    {
        base.Validate();
        Require(Beta1 is >= 0 and < 1, nameof(Beta1), Beta1, "in [0, 1)");
        Require(Beta2 is >= 0 and < 1, nameof(Beta2), Beta2, "in [0, 1)");
        Require(Epsilon > 0, nameof(Epsilon), Epsilon, "above 0");
    }
}
