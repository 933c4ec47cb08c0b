namespace Sema.Onnx.Schedules;

/// <summary>A rate that is multiplied by a factor every N steps: <c>peak · factor^⌊t / N⌋</c>.</summary>
public sealed record StepSchedule : LearningRateSchedule
{
    /// <summary>Initializes a step schedule.</summary>
    /// <param name="peak">The learning rate of the first N steps, finite and not negative.</param>
    /// <param name="every">N, optimizer steps between two falls, at least 1. For epochs give the steps of an epoch
    /// times their number.</param>
    /// <param name="factor">What the rate is multiplied by, in (0, 1].</param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is out of range.</exception>
    public StepSchedule(double peak, long every, double factor = 0.1)
    {
        Peak = ScheduleArguments.Rate(peak, nameof(peak));
        Every = ScheduleArguments.Steps(every, nameof(every));
        Factor = ScheduleArguments.Factor(factor);
    }

    /// <summary>Gets the learning rate of the first N steps.</summary>
    public double Peak { get; }

    /// <summary>Gets N, the optimizer steps between two falls.</summary>
    public long Every { get; }

    /// <summary>Gets what the rate is multiplied by at each fall.</summary>
    public double Factor { get; }

    /// <inheritdoc/>
    protected override double RateAt(long t) => Peak * Math.Pow(Factor, t / Every);
}
