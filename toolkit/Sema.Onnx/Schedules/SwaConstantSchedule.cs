namespace Sema.Onnx.Schedules;

/// <summary>Another schedule until stochastic weight averaging starts; from there the rate goes to one of its own over A steps, and
/// stays.</summary>
/// <remarks>
/// PyTorch's SWALR: <c>α r + (1 − α) inner(start)</c> with α rising from 0 at the start to 1 at start + A, along half a cosine or a line.
/// Here A counts optimizer steps; PyTorch's examples take one step of it an epoch. Source: Izmailov et al.,
/// <see href="https://arxiv.org/abs/1803.05407">arXiv:1803.05407</see>.
/// </remarks>
public sealed record SwaConstantSchedule : LearningRateSchedule
{
    /// <summary>Initializes a schedule that ends high and constant.</summary>
    /// <param name="inner">The schedule until the start.</param>
    /// <param name="start">The optimizer steps done when averaging starts, at least 0.</param>
    /// <param name="rate">r, the learning rate of the averaging, finite and not negative.</param>
    /// <param name="annealSteps">A, the steps over which the rate goes there; 0 for at once.</param>
    /// <param name="annealing">How it goes there.</param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is out of range.</exception>
    public SwaConstantSchedule(LearningRateSchedule inner, long start, double rate, long annealSteps = 0, Annealing annealing = Annealing.Cosine)
    {
        ArgumentNullException.ThrowIfNull(inner);
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(annealSteps);
        (Inner, Start, AnnealSteps, Annealing) = (inner, start, annealSteps, annealing);
        AveragingRate = ScheduleArguments.Rate(rate, nameof(rate));
    }

    /// <summary>Gets the schedule until the start.</summary>
    public LearningRateSchedule Inner { get; }

    /// <summary>Gets the optimizer steps done when averaging starts.</summary>
    public long Start { get; }

    /// <summary>Gets r, the learning rate of the averaging.</summary>
    public double AveragingRate { get; }

    /// <summary>Gets A, the steps over which the rate goes there.</summary>
    public long AnnealSteps { get; }

    /// <summary>Gets how it goes there.</summary>
    public Annealing Annealing { get; }

    /// <inheritdoc/>
    protected override double RateAt(long t)
    {
        if (t < Start)
            return Inner.Rate(t);
        var since = t - Start;
        return since >= AnnealSteps ? AveragingRate : Annealing.Between(Inner.Rate(Start), AveragingRate, (double)since / AnnealSteps);
    }
}
