namespace Sema.Onnx.Graphs.Optimizers;

/// <summary>LAMB: Adam whose step has, parameter by parameter, the length of the weights; weight decay is part of the step.</summary>
/// <remarks>
/// Source: You et al., <see href="https://arxiv.org/abs/1904.00962">arXiv:1904.00962</see>, algorithm 2 with φ(z) = z and layers = parameters. Where the weights or the
/// step are all 0, the step is taken as it is. Default of ε: 1e-6.
/// </remarks>
public sealed record Lamb : Adam
{
    /// <summary>Initializes the options with their defaults.</summary>
    public Lamb() => Epsilon = 1e-6;

    internal override bool IsPerParameter => true;

    // r = m̂ / (√v̂ + ε) + λ w; w ← w − η ‖w‖/‖r‖ r
    internal override (Value Weights, IReadOnlyList<Value> Slots) Step(OptimizerInputs x)
    {
        var (m, v) = Moments(x, x.G);
        var r = m / x.Scalar(Correction(x, Beta1)) / Root(x, v) + x.Scalar(x.WeightDecay) * x.W;
        var (weights, step) = (x.W.Norm(), r.Norm());
        var ratio = weights.Min(step).Greater(step.Like(0)).Where(weights / step, step.Like(1));
        return (x.W - x.Scalar(x.LearningRate) * ratio * r, [m, v]);
    }
}
