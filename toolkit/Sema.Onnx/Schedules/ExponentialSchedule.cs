namespace Sema.Onnx.Schedules;

/// <summary>A rate that falls by a factor over every N steps, a little at each: <c>peak · factor^(t / N)</c>.</summary>
/// <remarks>Like <see cref="StepSchedule"/>, but smooth; the two agree at the multiples of N.</remarks>
public sealed record ExponentialSchedule : LearningRateSchedule
{
    /// <summary>Initializes an exponential schedule.</summary>
    /// <param name="peak">The learning rate at t = 0, finite and not negative.</param>
    /// <param name="factor">What the rate is multiplied by over N steps, in (0, 1].</param>
    /// <param name="every">N, optimizer steps, at least 1. For epochs give the steps of an epoch times their number.</param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is out of range.</exception>
    public ExponentialSchedule(double peak, double factor, long every = 1)
    {
        Peak = ScheduleArguments.Rate(peak, nameof(peak));
        Factor = ScheduleArguments.Factor(factor);
        Every = ScheduleArguments.Steps(every, nameof(every));
    }

    /// <summary>Gets the learning rate at t = 0.</summary>
    public double Peak { get; }

    /// <summary>Gets what the rate is multiplied by over N steps.</summary>
    public double Factor { get; }

    /// <summary>Gets N, in optimizer steps.</summary>
    public long Every { get; }

    /// <inheritdoc/>
    protected override double RateAt(long t) => Peak * Math.Pow(Factor, (double)t / Every);
}
