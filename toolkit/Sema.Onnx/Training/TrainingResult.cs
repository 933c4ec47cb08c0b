namespace Sema.Onnx.Training;

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
    EvaluationResult? Best, long BestEpoch, StepTiming Timing)
{
    /// <summary>Gets the step of the first evaluation at which weights had the accuracy aimed at, by the name of the weights; those that never
    /// had it are not there.</summary>
    public IReadOnlyDictionary<string, long> Reached { get; init; } = new Dictionary<string, long>();
}
