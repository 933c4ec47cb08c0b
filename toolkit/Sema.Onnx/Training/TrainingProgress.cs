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

/// <summary>A place in a run.</summary>
/// <param name="Step">The optimizer steps done.</param>
/// <param name="Steps">All optimizer steps of the run.</param>
/// <param name="Epoch">The epoch under way or just ended, from 1; 0 before the first step.</param>
/// <param name="Epochs">All epochs of the run.</param>
public readonly record struct RunPosition(long Step, long Steps, long Epoch, long Epochs);

/// <summary>How a run ended.</summary>
/// <param name="Position">Where.</param>
/// <param name="Ended">Why.</param>
/// <param name="Start">The evaluation before the first step.</param>
/// <param name="Final">The last evaluation, by the name of the weights.</param>
/// <param name="Best">The best evaluation of the weights that the strategy is about, and its epoch.</param>
/// <param name="BestEpoch">The epoch of the best evaluation.</param>
/// <param name="Timing">Where the time went.</param>
public sealed record TrainingResult(
    RunPosition Position, RunEnd Ended, EvaluationResult? Start, IReadOnlyDictionary<string, EvaluationResult> Final,
    EvaluationResult? Best, long BestEpoch, StepTiming Timing);

/// <summary>Why a run ended.</summary>
public enum RunEnd
{
    /// <summary>All steps are done.</summary>
    Completed,

    /// <summary>No evaluation was better for as many epochs as the patience says.</summary>
    StoppedEarly,

    /// <summary>It was cancelled; its last checkpoint goes on from there.</summary>
    Interrupted,
}

/// <summary>Where the time of the training steps went, evaluations and checkpoints left out.</summary>
/// <param name="Gradients">In <c>training.onnx</c>.</param>
/// <param name="Update">In <c>update.onnx</c>: optimizer and averages.</param>
/// <param name="Data">Waiting for batches and copying them in.</param>
/// <param name="Total">All of it.</param>
public readonly record struct StepTiming(TimeSpan Gradients, TimeSpan Update, TimeSpan Data, TimeSpan Total)
{
    /// <summary>Gets the share of the time outside <c>training.onnx</c>, in [0, 1].</summary>
    public double Overhead => Total > TimeSpan.Zero ? 1 - (Gradients / Total) : 0;
}
