namespace Sema.Onnx.Graphs.Optimizers;

/// <summary>AdamP: Adam without the part of the step that only makes scale-invariant weights longer; weight decay is decoupled.</summary>
/// <remarks>Source: Heo et al., <see href="https://arxiv.org/abs/2006.08217">arXiv:2006.08217</see>, algorithm 2; how weights are found scale-invariant: equation 12, see <c>docs/optimizers.md</c>.</remarks>
public sealed record AdamP : Adam
{
    /// <summary>Gets δ ≥ 0: the greater, the more weights count as scale-invariant. Default 0.1.</summary>
    public double Delta { get; init; } = 0.1;

    /// <summary>Gets what weight decay is multiplied by where the step is projected, in [0, 1]. Default 0.1.</summary>
    public double DecayRatio { get; init; } = 0.1;

    internal override bool IsPerParameter => true;

    // p = m̂ / (√v̂ + ε), projected; w ← (1 − η λ) w − η p
    internal override (Value Weights, IReadOnlyList<Value> Slots) Step(OptimizerInputs x)
    {
        var (m, v) = Moments(x, x.G);
        var (p, decay) = RadialProjection.Project(x, m / Root(x, v), Delta, DecayRatio);
        return (x.W * x.Scalar(1 - x.LearningRate * x.WeightDecay * decay) - BiasCorrectedRate(x) * p, [m, v]);
    }

    internal override void Validate()
    {
        base.Validate();
        Require(Delta >= 0, nameof(Delta), Delta, "at least 0");
        Require(DecayRatio is >= 0 and <= 1, nameof(DecayRatio), DecayRatio, "in [0, 1]");
    }
}
