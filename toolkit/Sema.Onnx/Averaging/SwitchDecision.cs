namespace Sema.Onnx.Averaging;

/// <summary>The order to put a shadow into the weights: <c>w = b w + (1 − b) e</c>. The shadow itself stays.</summary>
/// <param name="Shadow">The index of e in <see cref="AveragingStrategy.ShadowWeights"/>.</param>
/// <param name="Keep">b, the share of the weights that stays, in [0, 1); 0 makes the weights equal to the
/// shadow.</param>
/// <param name="ClearOptimizer">Whether the optimizer's state starts afresh, as at the first step.</param>
public readonly record struct SwitchDecision(int Shadow, double Keep, bool ClearOptimizer = false);
