namespace Sema.Onnx.Averaging;

/// <summary>The bias-corrected average as a decay: <c>d_t = d (1 − d^(t−1)) / (1 − d^t)</c>, with t the steps done,
/// this one included.</summary>
/// <remarks>
/// <para>0 at the first step, so the average is the weights after it and forgets the initial ones. After t steps it is
/// <c>(1 − d) / (1 − d^t) · Σ d^(t−i) w_i</c>: the average that starts at zero, divided by <c>1 − d^t</c>, without the
/// division.</para>
/// <para>Updated at every k-th step it is the same average over those weights alone: d^k and t/k take the places of d
/// and t.</para>
/// <para>Source: the correction of Kingma and Ba, Adam,
/// <see href="https://arxiv.org/abs/1412.6980">arXiv:1412.6980</see>, section 3, as a convex combination.</para>
/// </remarks>
public sealed record BiasCorrection : EmaWarmup
{
    /// <inheritdoc/>
    public override double Decay(double decay, long t) =>
        decay * (1 - Math.Pow(decay, t - 1)) / (1 - Math.Pow(decay, t));

    /// <inheritdoc/>
    public override double Decay(double decay, long t, int every) => Decay(Math.Pow(decay, every), t / every);
}
