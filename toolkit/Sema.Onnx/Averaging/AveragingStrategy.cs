namespace Sema.Onnx.Averaging;

/// <summary>Decides, on the host, how averaged weights follow the trained ones; the engine carries it out on the
/// device.</summary>
/// <remarks>
/// After every optimizer step, in this order: each average becomes <c>e = d e + (1 − d) w</c> with its
/// <see cref="Decay"/>, then the weights are switched if <see cref="SwitchAfter"/> says so. Averages start as copies of
/// the weights. Decisions are pure functions of the position, so resuming needs no state of the strategy.
/// </remarks>
public abstract record AveragingStrategy
{
    /// <summary>Gets the names of the averages, distinct, such as <c>ema</c> or <c>ema-0.999</c>; empty when nothing is
    /// averaged.</summary>
    /// <remarks>The first is the one to evaluate and to export unless another is asked for.</remarks>
    public abstract IReadOnlyList<string> Averages { get; }

    /// <summary>Gets the decay of an average after an optimizer step.</summary>
    /// <param name="average">The index of the average in <see cref="Averages"/>.</param>
    /// <param name="at">The position right after the step.</param>
    /// <returns>d in [0, 1]: 0 copies the weights into the average, 1 leaves the average untouched.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such average.</exception>
    public abstract double Decay(int average, TrainingPosition at);

    /// <summary>Says whether to put an average into the weights after an optimizer step.</summary>
    /// <param name="at">The position right after the step, whose averages are already updated.</param>
    /// <returns>What to switch in, or <see langword="null"/> to leave the weights alone.</returns>
    public virtual SwitchDecision? SwitchAfter(TrainingPosition at) => null;
}
