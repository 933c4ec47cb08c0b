namespace Sema.Onnx.Averaging;

/// <summary>A decay of <c>min(d, (1 + t) / (10 + t))</c>, with t the steps done, this one included: 2/11 at the
/// first.</summary>
/// <remarks>
/// Source: TensorFlow's
/// <see href="https://www.tensorflow.org/api_docs/python/tf/train/ExponentialMovingAverage">ExponentialMovingAverage</see>,
/// with <c>num_updates</c> the optimizer's own count after its step.
/// </remarks>
public sealed record RationalWarmup : EmaWarmup
{
    /// <inheritdoc/>
    public override double Decay(double decay, long t) => Math.Min(decay, (1.0 + t) / (10.0 + t));
}
