namespace Sema.Onnx.Graphs.Optimizers;

/// <summary>Adan: Adam with Nesterov's momentum estimated from the gradients' differences; weight decay is proximal.</summary>
/// <remarks>
/// Source: Xie et al., <see href="https://arxiv.org/abs/2208.06677">arXiv:2208.06677</see>, algorithm 1 without restarts, with the paper's initial values, which
/// counts from 0: m₀ = g₀, n₀ = g₀², v₀ = 0 and v₁ = g₁ − g₀. The authors' code starts at 0 instead and corrects the bias. The decays are
/// written as in Adam: the paper's β is 1 minus ours.
/// </remarks>
public sealed record Adan : Optimizer
{
    /// <summary>Gets the decay of the gradients' mean m, in [0, 1). Default 0.98 (the paper's β₁ = 0.02).</summary>
    public double Beta1 { get; init; } = 0.98;

    /// <summary>Gets the decay of the differences' mean v, in [0, 1). Default 0.92 (the paper's β₂ = 0.08).</summary>
    public double Beta2 { get; init; } = 0.92;

    /// <summary>Gets the decay of the squares' mean n, in [0, 1). Default 0.99 (the paper's β₃ = 0.01).</summary>
    public double Beta3 { get; init; } = 0.99;

    /// <summary>Gets ε &gt; 0, added to the root of n. Default 1e-8.</summary>
    public double Epsilon { get; init; } = 1e-8;

    internal override IReadOnlyList<string> Slots => ["moment1", "difference", "moment2", "gradient"];

    // d = g − g⁻; m ← β₁ m + (1 − β₁) g; v ← β₂ v + (1 − β₂) d; n ← β₃ n + (1 − β₃) (g + β₂ d)²; w ← (w − η (m + β₂ v) / (√n + ε)) / (1 + η λ)
    internal override (Value Weights, IReadOnlyList<Value> Slots) Step(OptimizerInputs x)
    {
        var first = x.Step.Equal(x.Step.Like(1));
        Value Share(double decay, int first) => x.Scalar(x.Step.Greater(x.Step.Like(first)).Where(x.Step.Like(1 - decay), x.Step.Like(1)));   // the first of a mean is all of it
        var d = (x.G - x.Slots[3]) * x.Scalar(first.Where(x.Step.Like(0), x.Step.Like(1)));
        var m = x.Slots[0] * Beta1 + x.G * Share(Beta1, 1);
        var v = x.Slots[1] * Beta2 + d * Share(Beta2, 2);
        var n = x.Slots[2] * Beta3 + (x.G + d * Beta2).Square() * Share(Beta3, 1);
        var w = (x.W - x.Scalar(x.LearningRate) * ((m + v * Beta2) / (n.Sqrt() + Epsilon))) / x.Scalar(x.LearningRate * x.WeightDecay + 1);

        // The condition always holds; reading d as well, this gradient takes the last one's place after the difference was taken.
        var last = x.Step.GreaterOrEqual(x.Step.Like(1)).Where(x.G, d);
        return (w, [m, v, n, last]);
    }

    internal override void Validate()
    {
        base.Validate();
        Require(Beta1 is >= 0 and < 1, nameof(Beta1), Beta1, "in [0, 1)");
        Require(Beta2 is >= 0 and < 1, nameof(Beta2), Beta2, "in [0, 1)");
        Require(Beta3 is >= 0 and < 1, nameof(Beta3), Beta3, "in [0, 1)");
        Require(Epsilon > 0, nameof(Epsilon), Epsilon, "above 0");
    }
}
