namespace Sema.Onnx.Averaging;

/// <summary>A decay that grows on a straight line from d r to d over T steps:
/// <c>d (1 − (1 − t/T)(1 − r))</c>.</summary>
/// <inheritdoc cref="RatioWarmup" path="/remarks"/>
public sealed record LinearWarmup : RatioWarmup
{
    /// <summary>Initializes a linear warm-up.</summary>
    /// <param name="ratio">r, in (0, 1].</param>
    /// <param name="steps">T, optimizer steps, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is out of range.</exception>
    public LinearWarmup(double ratio, long steps) : base(ratio, steps)
    {
    }

    private protected override double Scale(double done) => 1 - ((1 - done) * (1 - Ratio));
}
