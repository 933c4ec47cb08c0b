namespace Sema.Onnx.Schedules;

/// <summary>The same learning rate at every step.</summary>
public sealed record ConstantSchedule : LearningRateSchedule
{
    /// <summary>Initializes a constant schedule.</summary>
    /// <param name="peak">The learning rate, finite and not negative.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="peak"/> is out of range.</exception>
    public ConstantSchedule(double peak) => Peak = ScheduleArguments.Rate(peak, nameof(peak));

    /// <summary>Gets the learning rate.</summary>
    public double Peak { get; }

    /// <inheritdoc/>
    protected override double RateAt(long t) => Peak;
}
