namespace Sema.Onnx.Schedules;

/// <summary>A rate that is multiplied by a factor at given steps: <c>peak · factor^n</c>, with n the milestones m ≤ t.</summary>
public sealed record MultiStepSchedule : LearningRateSchedule
{
    private readonly long[] _milestones;

    /// <summary>Initializes a schedule with milestones.</summary>
    /// <param name="peak">The learning rate before the first milestone, finite and not negative.</param>
    /// <param name="milestones">The optimizer steps done at which the rate falls, rising, each at least 1. For epochs give the
    /// steps of an epoch times their number.</param>
    /// <param name="factor">What the rate is multiplied by at each, in (0, 1].</param>
    /// <exception cref="ArgumentException">There are no milestones, or they do not rise.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is out of range.</exception>
    public MultiStepSchedule(double peak, IReadOnlyList<long> milestones, double factor = 0.1)
    {
        ArgumentNullException.ThrowIfNull(milestones);
        Peak = ScheduleArguments.Rate(peak, nameof(peak));
        Factor = ScheduleArguments.Factor(factor);
        if (milestones.Count == 0 || milestones[0] < 1 || milestones.Zip(milestones.Skip(1)).Any(m => m.First >= m.Second))
            throw new ArgumentException("Milestones are one or more steps that rise from 1 on, such as 300, 600 and 800.", nameof(milestones));
        _milestones = [.. milestones];
    }

    /// <summary>Gets the learning rate before the first milestone.</summary>
    public double Peak { get; }

    /// <summary>Gets the steps at which the rate falls.</summary>
    public IReadOnlyList<long> Milestones => _milestones;

    /// <summary>Gets what the rate is multiplied by at each milestone.</summary>
    public double Factor { get; }

    /// <summary>Says whether the other has the same milestones, peak and factor.</summary>
    /// <param name="other">The other schedule.</param>
    public bool Equals(MultiStepSchedule? other) =>
        other is not null && Peak == other.Peak && Factor == other.Factor && _milestones.SequenceEqual(other._milestones);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Peak, Factor, _milestones.Length, _milestones[0]);

    /// <inheritdoc/>
    protected override double RateAt(long t) => Peak * Math.Pow(Factor, _milestones.Count(m => m <= t));
}
