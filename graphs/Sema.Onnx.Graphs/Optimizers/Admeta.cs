namespace Sema.Onnx.Graphs.Optimizers;

/// <summary>What AdmetaS and AdmetaR share: the double exponential average that looks back, and the lookahead.</summary>
/// <remarks>
/// Source: Chen et al., <see href="https://arxiv.org/abs/2307.00631">arXiv:2307.00631</see>. The average is the paper's, as Pagliardini et al.,
/// <see href="https://arxiv.org/abs/2409.03137">arXiv:2409.03137</see>, appendix C.3.1, restate it; the code published with it has a constant in the place of
/// μ I, and another term instead. The strength of the lookahead is the code's.
/// </remarks>
internal static class Admeta
{
    /// <summary>The optimizer's own scalar: the strength of the lookahead after this step, 0 where there is none.</summary>
    internal const string Strength = "lookahead";

    /// <summary>I ← λ I + g; h = κ g + μ I with κ = 10/λ − 9 and μ = 25 − 10 (λ + 1/λ).</summary>
    internal static (Value H, Value I) DoubleAverage(Value previous, Value g, double lambda)
    {
        var i = previous * lambda + g;
        return (g * (10 / lambda - 9) + i * (25 - 10 * (lambda + 1 / lambda)), i);
    }

    /// <summary>After every k-th step φ ← φ + η_t (w − φ), w ← φ; φ starts as the weights.</summary>
    internal static (Value W, Value Slow) Lookahead(OptimizerInputs x, Value previous, Value w)
    {
        var slow = x.Step.Equal(x.Step.Like(1)).Where(x.W, previous);
        var strength = x.Scalars[0];
        slow += x.Scalar(strength) * (w - slow);
        return (strength.Greater(strength.Like(0)).Where(slow, w), slow);
    }

    /// <summary>η_t = 0.8 (1 + 1/(0.1 √t + 3.8)), from about 1 down to 0.8, after every k-th step.</summary>
    internal static IEnumerable<IReadOnlyList<double>> Strengths(int every)
    {
        for (long t = 1; ; t++)
            yield return [t % every == 0 ? 0.8 * (1 + 1 / (0.1 * Math.Sqrt(t) + 3.8)) : 0];
    }
}
