namespace Sema.Onnx.Graphs.Optimizers;

/// <summary>NAdam: Adam with Nesterov's momentum, whose strength grows over the run; weight decay is added to the gradient.</summary>
/// <remarks>
/// Source: Dozat 2016, <see href="https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ">Incorporating Nesterov momentum into Adam</see>, algorithm 2, in the form and with
/// the defaults of torch.optim 1.13. There the correction of the momentum's term is 1 − μ_t ∏_{i≤t+1} μ_i, with one factor μ_t more than in the
/// paper; it matters in the first few steps alone.
/// </remarks>
public sealed record NAdam : Adam
{
    private const double Base = 0.96;

    /// <summary>Gets ψ of the momentum μ_t = β₁ (1 − ½ 0.96^(t ψ)), at least 0. Default 4e-3.</summary>
    public double MomentumDecay { get; init; } = 4e-3;

    internal override IReadOnlyList<string> Scalars => ["gradient_share", "momentum_share"];

    // (1 − μ_t) / (1 − ∏ μ_i) and μ_{t+1} / (1 − μ_t μ_{t+1} ∏ μ_i), products over i ≤ t
    internal override IEnumerable<IReadOnlyList<double>> ScalarValues(Func<long, double> rate)
    {
        var product = 1.0;
        for (long t = 1; ; t++)
        {
            var (now, next) = (Mu(t), Mu(t + 1));
            product *= now;
            yield return [(1 - now) / (1 - product), next / (1 - product * now * next)];
        }

        double Mu(long t) => Beta1 * (1 - 0.5 * Math.Pow(Base, t * MomentumDecay));
    }

    // w ← w − η (a g + b m) / (√v̂ + ε), with a and b the two scalars
    internal override (Value Weights, IReadOnlyList<Value> Slots) Step(OptimizerInputs x)
    {
        var g = WithDecay(x);
        var (m, v) = Moments(x, g);
        var nesterov = x.Scalar(x.Scalars[0]) * g + x.Scalar(x.Scalars[1]) * m;
        return (x.W - x.Scalar(x.LearningRate) * (nesterov / Root(x, v)), [m, v]);
    }

    internal override void Validate()
    {
        base.Validate();
        Require(MomentumDecay >= 0, nameof(MomentumDecay), MomentumDecay, "at least 0");
    }
}
