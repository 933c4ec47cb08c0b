namespace Sema.Onnx.Schedules;

/// <summary>The checks that the schedules' parameters share.</summary>
internal static class ScheduleArguments
{
    /// <summary>Accepts a finite rate that is not negative.</summary>
    public static double Rate(double rate, string parameter) => rate >= 0 && double.IsFinite(rate)
        ? rate
        : throw new ArgumentOutOfRangeException(parameter, rate,
            "A learning rate must be finite and not negative, such as 0.01.");

    /// <summary>Accepts a floor between 0 and the peak.</summary>
    public static double Floor(double floor, double peak) => floor >= 0 && floor <= peak
        ? floor
        : throw new ArgumentOutOfRangeException(nameof(floor), floor,
            FormattableString.Invariant(
                $"The rate falls from {peak} to the floor, so the floor must be in [0, {peak}]."));

    /// <summary>Accepts a length of one step or more.</summary>
    public static long Steps(long steps, string parameter) => steps >= 1
        ? steps
        : throw new ArgumentOutOfRangeException(parameter, steps,
            "A schedule's length is counted in optimizer steps and must be at least 1.");

    /// <summary>Accepts a factor in (0, 1].</summary>
    public static double Factor(double factor) => factor is > 0 and <= 1
        ? factor
        : throw new ArgumentOutOfRangeException(nameof(factor), factor,
            "The factor by which a rate falls must be in (0, 1], such as 0.1.");

    /// <summary>Accepts a finite divisor of 1 or more.</summary>
    public static double Divisor(double divisor, string parameter) => divisor >= 1 && double.IsFinite(divisor)
        ? divisor
        : throw new ArgumentOutOfRangeException(parameter, divisor,
            "A rate is divided by it, so it must be at least 1, such as 25.");
}
