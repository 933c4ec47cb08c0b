namespace Sema.Onnx.Training;

/// <summary>How well weights do on data.</summary>
/// <param name="Loss">The mean loss over everything that counts.</param>
/// <param name="Accuracy">The share of right classes in [0, 1], or <see langword="null"/> for targets that are no classes.</param>
/// <param name="Samples">The number of samples.</param>
public sealed record EvaluationResult(double Loss, double? Accuracy, long Samples)
{
    /// <summary>Gets k of <see cref="TopKAccuracy"/>; <see langword="null"/> where that is.</summary>
    public int? TopK { get; init; }

    /// <summary>Gets the share of predictions whose right class is among the k with the largest logits, in [0, 1]; <see langword="null"/> for
    /// targets that are no classes, and where there are no more than k.</summary>
    public double? TopKAccuracy { get; init; }

    /// <summary>Gets the mean of −log p(right class), in nats: the cross-entropy without label smoothing; <see langword="null"/> for targets
    /// that are no classes.</summary>
    public double? NegativeLogLikelihood { get; init; }

    /// <summary>Gets the expected calibration error of the predicted class in 15 bins of equal mass, in [0, 1]: Σ |b|/N · |accuracy(b) − mean
    /// confidence(b)|; <see langword="null"/> for targets that are no classes, and for more than 8,388,608 predictions.</summary>
    public double? CalibrationError { get; init; }

    /// <summary>Gets the measures of class targets by the name under which they are reported, such as <c>accuracy</c>, <c>top5_accuracy</c>,
    /// <c>nll</c>, <c>ece</c>; none for other targets.</summary>
    public IReadOnlyDictionary<string, double> Measures => new (string Name, double? Value)[]
    {
        ("accuracy", Accuracy), ($"top{TopK}_accuracy", TopKAccuracy), ("nll", NegativeLogLikelihood), ("ece", CalibrationError),
    }.Where(m => m.Value is not null).ToDictionary(m => m.Name, m => m.Value!.Value);

    /// <summary>Gets whether this is better than another: by accuracy where there is one, else by loss. A loss that is no number is the worst.</summary>
    /// <param name="other">The other, or <see langword="null"/> for none.</param>
    public bool IsBetterThan(EvaluationResult? other) => other is null
        || (Accuracy is { } mine && other.Accuracy is { } theirs ? mine > theirs : Loss < other.Loss || (double.IsNaN(other.Loss) && !double.IsNaN(Loss)));
}
