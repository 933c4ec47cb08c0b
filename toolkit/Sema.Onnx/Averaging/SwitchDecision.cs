namespace Sema.Onnx.Averaging;

/// <summary>The order to put an average into the weights: <c>w = b w + (1 − b) e</c>. The average itself and the
/// optimizer's state stay.</summary>
/// <param name="Average">The index of e in <see cref="AveragingStrategy.Averages"/>.</param>
/// <param name="Keep">b, the share of the weights that stays, in [0, 1); 0 makes the weights equal to the
/// average.</param>
public readonly record struct SwitchDecision(int Average, double Keep);
