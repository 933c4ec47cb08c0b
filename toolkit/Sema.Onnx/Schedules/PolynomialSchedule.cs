namespace Sema.Onnx.Schedules;

/// <summary>A power of the steps that are left: <c>floor + (peak − floor)(1 − t / T)^power</c>.</summary>
/// <remarks>The peak at t = 0, the floor from t = T on. Power 1 is <see cref="LinearSchedule"/>.</remarks>
public sealed record PolynomialSchedule : LearningRateSchedule
{
    /// <summary>Initializes a polynomial schedule.</summary>
    /// <param name="peak">The learning rate at t = 0, finite and not negative.</param>
    /// <param name="steps">T, optimizer steps until the floor, at least 1; a warm-up's steps count among them.</param>
    /// <param name="power">The power, finite and above 0; above 1 the rate falls early, below 1 late.</param>
    /// <param name="floor">The learning rate from t = T on, in [0, peak].</param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is out of range.</exception>
    public PolynomialSchedule(double peak, long steps, double power = 2, double floor = 0)
    {
        Peak = ScheduleArguments.Rate(peak, nameof(peak));
        Steps = ScheduleArguments.Steps(steps, nameof(steps));
        Power = power > 0 && double.IsFinite(power)
            ? power
            : throw new ArgumentOutOfRangeException(nameof(power), power, "The power of a polynomial schedule must be above 0, such as 2.");
        Floor = ScheduleArguments.Floor(floor, peak);
    }

    /// <summary>Gets the learning rate at t = 0.</summary>
    public double Peak { get; }

    /// <summary>Gets T, the optimizer steps until the floor.</summary>
    public long Steps { get; }

    /// <summary>Gets the power.</summary>
    public double Power { get; }

    /// <summary>Gets the learning rate from t = T on.</summary>
    public double Floor { get; }

    /// <inheritdoc/>
    protected override double RateAt(long t) => t >= Steps
        ? Floor
        : Floor + ((Peak - Floor) * Math.Pow(1 - ((double)t / Steps), Power));
}
