namespace Sema.Onnx.Averaging;

/// <summary>How the decay of an exponential moving average grows to its value d, so that an early average is not mostly
/// the start.</summary>
/// <remarks>
/// <c>t</c> is always the optimizer steps done since the start of the run, this one included (1 at the first), however seldom the
/// average is updated.
/// </remarks>
public abstract record EmaWarmup
{
    /// <summary>Gets the decay of one optimizer step.</summary>
    /// <param name="decay">d, the full decay per step, in [0, 1).</param>
    /// <param name="t">The optimizer steps done, this one included, at least 1.</param>
    /// <returns>d_t, in [0, d].</returns>
    public abstract double Decay(double decay, long t);

    /// <summary>Gets the decay of one update of an average that is updated at every k-th step.</summary>
    /// <param name="decay">d, the full decay per step, in [0, 1).</param>
    /// <param name="t">The optimizer steps done, this one included; a multiple of k.</param>
    /// <param name="every">k, at least 1.</param>
    /// <returns>d_t^k, in [0, d], unless the warm-up says otherwise.</returns>
    public virtual double Decay(double decay, long t, int every) => Math.Pow(Decay(decay, t), every);
}
