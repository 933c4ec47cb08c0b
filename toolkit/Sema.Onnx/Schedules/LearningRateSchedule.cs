namespace Sema.Onnx.Schedules;

/// <summary>The learning rate of each optimizer step: a pure function of the step, so a resumed run needs no state of
/// it.</summary>
/// <remarks>Steps are optimizer steps, not batches: with gradient accumulation several batches make one step.</remarks>
public abstract record LearningRateSchedule
{
    /// <summary>Gets the learning rate of the next optimizer step.</summary>
    /// <param name="step">t, the optimizer steps done so far: 0 for the first step of the run.</param>
    /// <returns>The learning rate, finite and not negative.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="step"/> is negative.</exception>
    public double Rate(long step) => step >= 0
        ? RateAt(step)
        : throw new ArgumentOutOfRangeException(nameof(step), step,
            "A schedule is asked by the steps done so far: 0 for the first step of the run.");

    /// <summary>Puts a linear warm-up before this schedule.</summary>
    /// <param name="steps">W, the steps of the warm-up, at least 0; 0 returns this schedule unchanged.</param>
    /// <returns>This schedule, scaled by <c>(t + 1) / W</c> while t &lt; W.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="steps"/> is negative.</exception>
    public LearningRateSchedule WithWarmup(long steps) => steps == 0 ? this : new WarmupSchedule(this, steps);

    /// <summary>Computes the learning rate at a step that <see cref="Rate"/> has checked.</summary>
    /// <param name="t">The optimizer steps done, at least 0.</param>
    /// <returns>The learning rate, finite and not negative.</returns>
    protected abstract double RateAt(long t);
}
