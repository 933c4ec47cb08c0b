namespace Sema.Onnx.Graphs.Optimizers;

/// <summary>LARS: momentum with a learning rate for each parameter, proportional to the weights' norm over the gradient's; weight decay is added to the gradient.</summary>
/// <remarks>
/// Source: You, Gitman and Ginsburg, <see href="https://arxiv.org/abs/1708.03888">arXiv:1708.03888</see>, algorithm 1 with layers = parameters. There weights that are all
/// 0 never move; here, as usual, the local rate is then 1, as it is where gradient and decay are 0.
/// </remarks>
public sealed record Lars : Optimizer
{
    /// <summary>Gets the momentum μ in [0, 1). Default 0.9.</summary>
    public double Momentum { get; init; } = 0.9;

    /// <summary>Gets the trust coefficient, above 0. Default 0.001.</summary>
    public double Trust { get; init; } = 1e-3;

    internal override bool IsPerParameter => true;

    internal override IReadOnlyList<string> Slots => ["momentum"];

    // ℓ = trust ‖w‖ / (‖g‖ + λ ‖w‖); b ← μ b + η ℓ (g + λ w); w ← w − b
    internal override (Value Weights, IReadOnlyList<Value> Slots) Step(OptimizerInputs x)
    {
        var weights = x.W.Norm();
        var pull = x.G.Norm() + x.Scalar(x.WeightDecay) * weights;
        var local = weights.Min(pull).Greater(pull.Like(0)).Where(weights * Trust / pull, pull.Like(1));
        var b = x.Slots[0] * Momentum + x.Scalar(x.LearningRate) * local * WithDecay(x);
        return (x.W - b, [b]);
    }

    internal override void Validate()
    {
        base.Validate();
        Require(Momentum is >= 0 and < 1, nameof(Momentum), Momentum, "in [0, 1)");
        Require(Trust > 0, nameof(Trust), Trust, "above 0");
    }
}
