namespace Sema.Onnx.Averaging;

/// <summary>A decay of <c>d r</c> until step T, then d.</summary>
/// <inheritdoc cref="RatioWarmup" path="/remarks"/>
public sealed record ConstantWarmup : RatioWarmup
{
    /// <summary>Initializes a constant warm-up.</summary>
    /// <param name="ratio">r, in (0, 1].</param>
    /// <param name="steps">T, optimizer steps, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is out of range.</exception>
    public ConstantWarmup(double ratio, long steps) : base(ratio, steps)
    {
    }

    private protected override double Scale(double done) => Ratio;
}
