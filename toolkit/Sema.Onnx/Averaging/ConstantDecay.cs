namespace Sema.Onnx.Averaging;

/// <summary>No warm-up: <c>d_t = d</c> from the first step on.</summary>
public sealed record ConstantDecay : EmaWarmup
{
    /// <inheritdoc/>
    public override double Decay(double decay, long t) => decay;

    /// <inheritdoc/>
    public override string ToString() => "no warm-up";
}
