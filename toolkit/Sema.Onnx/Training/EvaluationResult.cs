namespace Sema.Onnx.Training;

/// <summary>How well weights do on data.</summary>
/// <param name="Loss">The mean loss over everything that counts.</param>
/// <param name="Accuracy">The share of right classes in [0, 1], or <see langword="null"/> for targets that are no classes.</param>
/// <param name="Samples">The number of samples.</param>
public sealed record EvaluationResult(double Loss, double? Accuracy, long Samples)
{
    /// <summary>Gets whether this is better than another: by accuracy where there is one, else by loss. A loss that is no number is the worst.</summary>
    /// <param name="other">The other, or <see langword="null"/> for none.</param>
    public bool IsBetterThan(EvaluationResult? other) => other is null
        || (Accuracy is { } mine && other.Accuracy is { } theirs ? mine > theirs : Loss < other.Loss || (double.IsNaN(other.Loss) && !double.IsNaN(Loss)));
}
