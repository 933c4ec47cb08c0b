namespace Sema.Onnx.Schedules;

/// <summary>Half cosines from the peak to a floor, one after another, each longer than the last by a whole factor:
/// <c>floor + ½ (peak − floor)(1 + cos(π u / Tᵢ))</c>, with u the steps since the last restart and
/// <c>Tᵢ = T₀ · multᶦ</c>.</summary>
/// <remarks>The peak at each restart; the last step before one is still a little above the floor. Source: Loshchilov and
/// Hutter, SGDR, <see href="https://arxiv.org/abs/1608.03983">arXiv:1608.03983</see>, equation 5.</remarks>
public sealed record CosineRestartsSchedule : LearningRateSchedule
{
    /// <summary>Initializes a cosine with restarts.</summary>
    /// <param name="peak">The learning rate at each restart, finite and not negative.</param>
    /// <param name="first">T₀, optimizer steps of the first cosine, at least 1.</param>
    /// <param name="multiplier">How many times as long as the one before each next cosine is, at least 1.</param>
    /// <param name="floor">The learning rate that each cosine falls towards, in [0, peak].</param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is out of range.</exception>
    public CosineRestartsSchedule(double peak, long first, int multiplier = 1, double floor = 0)
    {
        Peak = ScheduleArguments.Rate(peak, nameof(peak));
        First = ScheduleArguments.Steps(first, nameof(first));
        Multiplier = multiplier >= 1
            ? multiplier
            : throw new ArgumentOutOfRangeException(nameof(multiplier), multiplier, "Each cosine is a whole number of times as long as the one before, at least 1.");
        Floor = ScheduleArguments.Floor(floor, peak);
    }

    /// <summary>Gets the learning rate at each restart.</summary>
    public double Peak { get; }

    /// <summary>Gets T₀, the optimizer steps of the first cosine.</summary>
    public long First { get; }

    /// <summary>Gets how many times as long as the one before each next cosine is.</summary>
    public int Multiplier { get; }

    /// <summary>Gets the learning rate that each cosine falls towards.</summary>
    public double Floor { get; }

    /// <inheritdoc/>
    protected override double RateAt(long t)
    {
        var (since, length) = Multiplier == 1 ? (t % First, First) : (t, First);
        while (since >= length)
        {
            since -= length;
            length = length > long.MaxValue / Multiplier ? long.MaxValue : length * Multiplier;
        }

        return Annealing.Cosine.Between(Peak, Floor, (double)since / length);
    }
}
