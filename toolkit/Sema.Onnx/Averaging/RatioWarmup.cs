namespace Sema.Onnx.Averaging;

/// <summary>A decay that begins near r d and reaches d after T steps: d from t = T on.</summary>
/// <remarks>
/// Source: the hook released with Switch EMA, Li et al.,
/// <see href="https://arxiv.org/abs/2402.09240">arXiv:2402.09240</see>; it counts the steps before this one, t − 1.
/// </remarks>
public abstract record RatioWarmup : EmaWarmup
{
    private protected RatioWarmup(double ratio, long steps)
    {
        Ratio = ratio is > 0 and <= 1
            ? ratio
            : throw new ArgumentOutOfRangeException(nameof(ratio), ratio,
                "The ratio r of a warm-up, which begins at r times the decay, must be in (0, 1].");
        Steps = steps >= 1
            ? steps
            : throw new ArgumentOutOfRangeException(nameof(steps), steps,
                "A warm-up must take at least 1 optimizer step; for none, leave it out.");
    }

    /// <summary>Gets r: the warm-up begins at r d.</summary>
    public double Ratio { get; }

    /// <summary>Gets T, the optimizer steps that the warm-up takes.</summary>
    public long Steps { get; }

    /// <inheritdoc/>
    public sealed override double Decay(double decay, long t) => t >= Steps ? decay : decay * Scale((double)t / Steps);

    /// <summary>Gets <c>d_t / d</c> at t/T, the part of the warm-up that is done, in [0, 1).</summary>
    private protected abstract double Scale(double done);
}
