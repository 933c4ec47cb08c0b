namespace Sema.Onnx.Schedules;

/// <summary>Half a cosine from the peak down to a floor over T steps:
/// <c>floor + ½ (peak − floor)(1 + cos(π t / T))</c>.</summary>
/// <remarks>
/// The peak at t = 0, halfway at t = T/2, the floor from t = T on; the last of T steps, t = T − 1, is still a little
/// above it. Source: Loshchilov and Hutter, SGDR, <see href="https://arxiv.org/abs/1608.03983">arXiv:1608.03983</see>,
/// equation 5, without restarts.
/// </remarks>
public sealed record CosineSchedule : LearningRateSchedule
{
    /// <summary>Initializes a cosine schedule.</summary>
    /// <param name="peak">The learning rate at t = 0, finite and not negative.</param>
    /// <param name="steps">T, optimizer steps until the floor, at least 1; a warm-up's steps count among them.</param>
    /// <param name="floor">The learning rate from t = T on, in [0, peak].</param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is out of range.</exception>
    public CosineSchedule(double peak, long steps, double floor = 0)
    {
        Peak = ScheduleArguments.Rate(peak, nameof(peak));
        Steps = ScheduleArguments.Steps(steps, nameof(steps));
        Floor = ScheduleArguments.Floor(floor, peak);
    }

    /// <summary>Gets the learning rate at t = 0.</summary>
    public double Peak { get; }

    /// <summary>Gets T, the optimizer steps until the floor.</summary>
    public long Steps { get; }

    /// <summary>Gets the learning rate from t = T on.</summary>
    public double Floor { get; }

    /// <inheritdoc/>
    protected override double RateAt(long t) => t >= Steps
        ? Floor
        : Floor + ((Peak - Floor) * (1 + Math.Cos(Math.PI * t / Steps)) / 2);
}
