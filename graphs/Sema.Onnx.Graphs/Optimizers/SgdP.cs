namespace Sema.Onnx.Graphs.Optimizers;

/// <summary>SGDP: momentum without the part of the step that only makes scale-invariant weights longer; weight decay is decoupled.</summary>
/// <remarks>
/// Source: Heo et al., <see href="https://arxiv.org/abs/2006.08217">arXiv:2006.08217</see>, algorithm 1. Weight decay, which the algorithm leaves out, as in the authors' code:
/// divided by 1 − μ, since momentum makes the other part of a step that much longer.
/// </remarks>
public sealed record SgdP : Optimizer
{
    /// <summary>Gets the momentum μ in [0, 1). Default 0.9.</summary>
    public double Momentum { get; init; } = 0.9;

    /// <summary>Gets whether the momentum is Nesterov's, which looks one step ahead. Default false.</summary>
    public bool Nesterov { get; init; }

    /// <summary>Gets δ ≥ 0: the greater, the more weights count as scale-invariant. Default 0.1.</summary>
    public double Delta { get; init; } = 0.1;

    /// <summary>Gets what weight decay is multiplied by where the step is projected, in [0, 1]. Default 0.1.</summary>
    public double DecayRatio { get; init; } = 0.1;

    internal override bool IsPerParameter => true;

    internal override IReadOnlyList<string> Slots => ["momentum"];

    // b ← μ b + g; p = b (Nesterov: g + μ b), projected; w ← (1 − η λ/(1 − μ)) w − η p
    internal override (Value Weights, IReadOnlyList<Value> Slots) Step(OptimizerInputs x)
    {
        var b = x.Slots[0] * Momentum + x.G;
        var (p, decay) = RadialProjection.Project(x, Nesterov ? x.G + b * Momentum : b, Delta, DecayRatio);
        return (x.W * x.Scalar(1 - x.LearningRate * x.WeightDecay * decay / (1 - Momentum)) - x.Scalar(x.LearningRate) * p, [b]);
    }

    internal override void Validate()
    {
        base.Validate();
        Require(Momentum is >= 0 and < 1, nameof(Momentum), Momentum, "in [0, 1)");
        Require(Delta >= 0, nameof(Delta), Delta, "at least 0");
        Require(DecayRatio is >= 0 and <= 1, nameof(DecayRatio), DecayRatio, "in [0, 1]");
    }
}
