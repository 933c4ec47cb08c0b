namespace Sema.Onnx.Averaging;

/// <summary>A term of an average that is a sum of shadows.</summary>
/// <param name="Shadow">The index of the shadow in <see cref="AveragingStrategy.ShadowWeights"/>.</param>
/// <param name="Share">What it is multiplied by; the shares of an average add up to 1.</param>
public readonly record struct Portion(int Shadow, double Share);
