namespace Sema.Onnx.Training;

/// <summary>Where a run stands, reported after each optimizer step and after each evaluation.</summary>
/// <param name="Position">The step and the epoch under way.</param>
/// <param name="Loss">The loss of the step: the mean over its batches.</param>
/// <param name="Accuracy">The share of right classes in the step's last batch, where it is known.</param>
/// <param name="LearningRate">The learning rate of the step.</param>
/// <param name="GradientNorm">The L2 norm of the gradient before clipping.</param>
/// <param name="SamplesPerSecond">The recent pace.</param>
/// <param name="TimeLeft">The time until the last step at that pace, evaluations left out.</param>
/// <param name="Evaluations">By the name of the weights (<c>online</c>, <c>ema</c>, ...), when an evaluation has just been made.</param>
public sealed record TrainingProgress(
    RunPosition Position, double Loss, double? Accuracy, double LearningRate, double GradientNorm, double SamplesPerSecond,
    TimeSpan? TimeLeft, IReadOnlyDictionary<string, EvaluationResult>? Evaluations);
