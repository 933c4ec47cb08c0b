namespace Sema.Onnx.Graphs.Optimizers;

/// <summary>AdmetaR: RAdam over a double exponential average of the gradient, with a lookahead; weight decay is decoupled.</summary>
/// <remarks>
/// Source: Chen et al., <see href="https://arxiv.org/abs/2307.00631">arXiv:2307.00631</see>, AdmetaR; see <c>docs/optimizers.md</c> for what was interpreted. RAdam's part is
/// <see cref="RAdam"/>'s.
/// </remarks>
public sealed record AdmetaR : Adam
{
    /// <summary>Gets λ of the double average, in (0, 1). Default 0.2.</summary>
    public double Lambda { get; init; } = 0.2;

    /// <summary>Gets after how many steps the weights look ahead, at least 1. Default 6.</summary>
    public int LookaheadEvery { get; init; } = 6;

    internal override IReadOnlyList<string> Slots => ["moment1", "moment2", "gradient_sum", "slow"];

    internal override IReadOnlyList<string> Scalars => [Admeta.Strength];

    internal override IEnumerable<IReadOnlyList<double>> ScalarValues(Func<long, double> rate) => Admeta.Strengths(LookaheadEvery);

    // h: the double average of g; RAdam's step with h in place of g; lookahead
    internal override (Value Weights, IReadOnlyList<Value> Slots) Step(OptimizerInputs x)
    {
        var (h, i) = Admeta.DoubleAverage(x.Slots[2], x.G, Lambda);
        var (m, v) = Moments(x, h);
        var (w, slow) = Admeta.Lookahead(x, x.Slots[3], Shrunk(x) - Rectified(x, m, v));
        return (w, [m, v, i, slow]);
    }

    internal override void Validate()
    {
        base.Validate();
        Require(Lambda is > 0 and < 1, nameof(Lambda), Lambda, "in (0, 1)");
        Require(LookaheadEvery >= 1, nameof(LookaheadEvery), LookaheadEvery, "at least 1");
    }
}
