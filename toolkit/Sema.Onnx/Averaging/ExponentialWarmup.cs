namespace Sema.Onnx.Averaging;

/// <summary>A decay that grows by a constant factor a step from d r to d over T steps: <c>d r^(1 − t/T)</c>.</summary>
/// <inheritdoc cref="RatioWarmup" path="/remarks"/>
public sealed record ExponentialWarmup : RatioWarmup
{
    /// <summary>Initializes an exponential warm-up.</summary>
    /// <param name="ratio">r, in (0, 1].</param>
    /// <param name="steps">T, optimizer steps, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is out of range.</exception>
    public ExponentialWarmup(double ratio, long steps) : base(ratio, steps)
    {
    }

    private protected override double Scale(double done) => Math.Pow(Ratio, 1 - done);
}
