namespace Sema.Onnx.Schedules;

/// <summary>One cycle: from <c>peak / div</c> up to the peak over a share of the run, then down to
/// <c>peak / (div · finalDiv)</c> at its last step.</summary>
/// <remarks>
/// As PyTorch's OneCycleLR counts: the peak is reached at t = share · T − 1, the end at t = T − 1; from there on the rate stays.
/// The momentum, which PyTorch cycles against the rate, stays as the optimizer has it. Source: Smith and Topin, Super-Convergence,
/// <see href="https://arxiv.org/abs/1708.07120">arXiv:1708.07120</see>.
/// </remarks>
public sealed record OneCycleSchedule : LearningRateSchedule
{
    /// <summary>Initializes a one-cycle schedule.</summary>
    /// <param name="peak">The highest learning rate, finite and not negative.</param>
    /// <param name="steps">T, all optimizer steps of the cycle, at least 1.</param>
    /// <param name="risingShare">The share of the steps over which the rate rises, in (0, 1).</param>
    /// <param name="divisor">How many times lower than the peak the first rate is, at least 1.</param>
    /// <param name="finalDivisor">How many times lower than the first rate the last one is, at least 1.</param>
    /// <param name="annealing">How the rate goes up and down.</param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is out of range.</exception>
    public OneCycleSchedule(
        double peak, long steps, double risingShare = 0.3, double divisor = 25, double finalDivisor = 1e4, Annealing annealing = Annealing.Cosine)
    {
        Peak = ScheduleArguments.Rate(peak, nameof(peak));
        Steps = ScheduleArguments.Steps(steps, nameof(steps));
        RisingShare = risingShare is > 0 and < 1
            ? risingShare
            : throw new ArgumentOutOfRangeException(nameof(risingShare), risingShare, "The share of a cycle that rises must be in (0, 1), such as 0.3.");
        Divisor = ScheduleArguments.Divisor(divisor, nameof(divisor));
        FinalDivisor = ScheduleArguments.Divisor(finalDivisor, nameof(finalDivisor));
        Annealing = annealing;
    }

    /// <summary>Gets the highest learning rate.</summary>
    public double Peak { get; }

    /// <summary>Gets T, all optimizer steps of the cycle.</summary>
    public long Steps { get; }

    /// <summary>Gets the share of the steps over which the rate rises.</summary>
    public double RisingShare { get; }

    /// <summary>Gets how many times lower than the peak the first rate is.</summary>
    public double Divisor { get; }

    /// <summary>Gets how many times lower than the first rate the last one is.</summary>
    public double FinalDivisor { get; }

    /// <summary>Gets how the rate goes up and down.</summary>
    public Annealing Annealing { get; }

    /// <inheritdoc/>
    protected override double RateAt(long t)
    {
        var (first, top, end) = (Peak / Divisor, (RisingShare * Steps) - 1, Steps - 1);
        if (t >= end)
            return first / FinalDivisor;
        return t < top
            ? Annealing.Between(first, Peak, t / top)
            : Annealing.Between(Peak, first / FinalDivisor, (t - top) / (end - top));
    }
}
