namespace Sema.Onnx.Schedules;

/// <summary>Another schedule until stochastic weight averaging starts; from there straight lines from a high rate down to a low one
/// over c steps, again and again, so that weights can be averaged at each low.</summary>
/// <remarks>
/// <c>(1 − s) high + s low</c> with <c>s = ((i − 1) mod c + 1) / c</c> at the i-th step since the start: the last step of a cycle is
/// made at the low rate. Source: Izmailov et al., <see href="https://arxiv.org/abs/1803.05407">arXiv:1803.05407</see>, section 3.2.
/// </remarks>
public sealed record SwaCyclicalSchedule : LearningRateSchedule
{
    /// <summary>Initializes a schedule that ends in cycles.</summary>
    /// <param name="inner">The schedule until the start.</param>
    /// <param name="start">The optimizer steps done when averaging starts, at least 0.</param>
    /// <param name="cycle">c, the optimizer steps of a cycle, at least 1.</param>
    /// <param name="high">The learning rate that a cycle falls from, finite and not negative.</param>
    /// <param name="low">The learning rate of a cycle's last step, in [0, high].</param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is out of range.</exception>
    public SwaCyclicalSchedule(LearningRateSchedule inner, long start, long cycle, double high, double low)
    {
        ArgumentNullException.ThrowIfNull(inner);
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        (Inner, Start) = (inner, start);
        Cycle = ScheduleArguments.Steps(cycle, nameof(cycle));
        High = ScheduleArguments.Rate(high, nameof(high));
        Low = ScheduleArguments.Floor(low, high);
    }

    /// <summary>Gets the schedule until the start.</summary>
    public LearningRateSchedule Inner { get; }

    /// <summary>Gets the optimizer steps done when averaging starts.</summary>
    public long Start { get; }

    /// <summary>Gets c, the optimizer steps of a cycle.</summary>
    public long Cycle { get; }

    /// <summary>Gets the learning rate that a cycle falls from.</summary>
    public double High { get; }

    /// <summary>Gets the learning rate of a cycle's last step.</summary>
    public double Low { get; }

    /// <inheritdoc/>
    protected override double RateAt(long t) => t < Start
        ? Inner.Rate(t)
        : Annealing.Linear.Between(High, Low, ((double)((t - Start) % Cycle) + 1) / Cycle);
}
