namespace Sema.Onnx.Graphs.Optimizers;

/// <summary>AdmetaS: momentum over a double exponential average of the gradient, with a lookahead; weight decay is added to the gradient.</summary>
/// <remarks>
/// Source: Chen et al., <see href="https://arxiv.org/abs/2307.00631">arXiv:2307.00631</see>, AdmetaS; see <c>docs/optimizers.md</c> for what was interpreted. A steady gradient
/// is magnified κ + μ/(1 − λ) times, 51 with the default λ: learning rates are smaller than those of momentum.
/// </remarks>
public sealed record AdmetaS : Optimizer
{
    /// <summary>Gets λ of the double average, in (0, 1). Default 0.9.</summary>
    public double Lambda { get; init; } = 0.9;

    /// <summary>Gets the decay β of the momentum, in [0, 1). Default 0.2.</summary>
    public double Beta { get; init; } = 0.2;

    /// <summary>Gets after how many steps the weights look ahead, at least 1. Default 6.</summary>
    public int LookaheadEvery { get; init; } = 6;

    internal override IReadOnlyList<string> Slots => ["gradient_sum", "momentum", "slow"];

    internal override IReadOnlyList<string> Scalars => [Admeta.Strength];

    internal override IEnumerable<IReadOnlyList<double>> ScalarValues(Func<long, double> rate) => Admeta.Strengths(LookaheadEvery);

    // h: the double average of g; m ← β m + (1 − β) h; w ← w − η m; lookahead
    internal override (Value Weights, IReadOnlyList<Value> Slots) Step(OptimizerInputs x)
    {
        var (h, i) = Admeta.DoubleAverage(x.Slots[0], WithDecay(x), Lambda);
        var m = x.Slots[1] * Beta + h * (1 - Beta);
        var (w, slow) = Admeta.Lookahead(x, x.Slots[2], x.W - x.Scalar(x.LearningRate) * m);
        return (w, [i, m, slow]);
    }

    internal override void Validate()
    {
        base.Validate();
        Require(Lambda is > 0 and < 1, nameof(Lambda), Lambda, "in (0, 1)");
        Require(Beta is >= 0 and < 1, nameof(Beta), Beta, "in [0, 1)");
        Require(LookaheadEvery >= 1, nameof(LookaheadEvery), LookaheadEvery, "at least 1");
    }
}
