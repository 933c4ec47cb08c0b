namespace Sema.Onnx.Schedules;

/// <summary>A schedule whose first W steps are scaled up linearly: <c>inner(t) · (t + 1) / W</c> while t &lt; W, then
/// <c>inner(t)</c>.</summary>
/// <remarks>
/// The inner schedule counts from the start of the run, not from the end of the warm-up: a cosine over T steps ends at
/// T with or without a warm-up, and what it falls during the warm-up is not given back. The first step's rate is
/// <c>inner(0) / W</c>, never 0; step W − 1 is the first at full scale.
/// </remarks>
public sealed record WarmupSchedule : LearningRateSchedule
{
    /// <summary>Initializes a warm-up before a schedule.</summary>
    /// <param name="inner">The schedule to scale.</param>
    /// <param name="steps">W, the optimizer steps of the warm-up, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="steps"/> is less than 1.</exception>
    public WarmupSchedule(LearningRateSchedule inner, long steps)
    {
        ArgumentNullException.ThrowIfNull(inner);
        Inner = inner;
        Steps = ScheduleArguments.Steps(steps, nameof(steps));
    }

    /// <summary>Gets the schedule that is scaled.</summary>
    public LearningRateSchedule Inner { get; }

    /// <summary>Gets W, the optimizer steps of the warm-up.</summary>
    public long Steps { get; }

    /// <inheritdoc/>
    protected override double RateAt(long t) => t >= Steps
        ? Inner.Rate(t)
        : Inner.Rate(t) * (t + 1) / Steps;
}
