namespace Sema.Onnx.Schedules;

/// <summary>What becomes of a cyclical rate's height from cycle to cycle.</summary>
public enum CycleHeight
{
    /// <summary>It stays.</summary>
    Triangular,

    /// <summary>It is halved after each cycle.</summary>
    Triangular2,

    /// <summary>It is multiplied by γ at each step: γᵗ.</summary>
    ExponentialRange,
}

/// <summary>Triangles between a floor and the peak: straight up over some steps, straight down over others, again and
/// again.</summary>
/// <remarks>The floor at the start of each cycle. Source: Smith, Cyclical Learning Rates,
/// <see href="https://arxiv.org/abs/1506.01186">arXiv:1506.01186</see>.</remarks>
public sealed record CyclicalSchedule : LearningRateSchedule
{
    /// <summary>Initializes a cyclical schedule.</summary>
    /// <param name="floor">The lowest learning rate, in [0, peak].</param>
    /// <param name="peak">The highest learning rate of the first cycle, finite and not negative.</param>
    /// <param name="up">Optimizer steps that the rate rises, at least 1.</param>
    /// <param name="down">Optimizer steps that it falls, at least 1; as many as it rises by default.</param>
    /// <param name="height">What becomes of the height from cycle to cycle.</param>
    /// <param name="gamma">γ of <see cref="CycleHeight.ExponentialRange"/>, in (0, 1].</param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is out of range.</exception>
    public CyclicalSchedule(double floor, double peak, long up, long? down = null, CycleHeight height = CycleHeight.Triangular, double gamma = 1)
    {
        Peak = ScheduleArguments.Rate(peak, nameof(peak));
        Floor = ScheduleArguments.Floor(floor, peak);
        Up = ScheduleArguments.Steps(up, nameof(up));
        Down = ScheduleArguments.Steps(down ?? up, nameof(down));
        Height = height;
        Gamma = gamma is > 0 and <= 1
            ? gamma
            : throw new ArgumentOutOfRangeException(nameof(gamma), gamma, "The factor per step of a cyclical schedule must be in (0, 1], such as 0.9999.");
    }

    /// <summary>Gets the lowest learning rate.</summary>
    public double Floor { get; }

    /// <summary>Gets the highest learning rate of the first cycle.</summary>
    public double Peak { get; }

    /// <summary>Gets the optimizer steps that the rate rises.</summary>
    public long Up { get; }

    /// <summary>Gets the optimizer steps that it falls.</summary>
    public long Down { get; }

    /// <summary>Gets what becomes of the height from cycle to cycle.</summary>
    public CycleHeight Height { get; }

    /// <summary>Gets γ.</summary>
    public double Gamma { get; }

    /// <inheritdoc/>
    protected override double RateAt(long t)
    {
        var (cycle, within) = Math.DivRem(t, Up + Down);
        var share = within <= Up ? (double)within / Up : (double)(Up + Down - within) / Down;
        return Floor + ((Peak - Floor) * share * Height switch
        {
            CycleHeight.Triangular2 => Math.Pow(0.5, cycle),
            CycleHeight.ExponentialRange => Math.Pow(Gamma, t),
            _ => 1,
        });
    }
}
