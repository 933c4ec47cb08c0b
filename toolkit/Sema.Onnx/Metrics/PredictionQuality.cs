namespace Sema.Onnx.Metrics;

/// <summary>How good the predicted probabilities of classes are: top-k accuracy, negative log-likelihood, calibration.</summary>
/// <remarks>Probabilities are the softmax of the logits, computed in float64. What counts is as in <see cref="ClassificationMetrics"/>.</remarks>
/// <param name="topK">k; <see langword="null"/> for <see cref="UsualTopK"/>.</param>
internal sealed class PredictionQuality(int? topK = null)
{
    internal const int UsualTopK = 5;

    private readonly CalibrationError _calibration = new();
    private double _logLikelihood;
    private long _predictions, _inTopK;
    private int _classes;

    /// <summary>Gets k.</summary>
    internal int TopK => topK ?? UsualTopK;

    /// <summary>Gets the share of predictions with fewer than k classes before the right one: those with a larger logit, and those of an equal
    /// logit and a smaller number. <see langword="null"/> where there are no more than k classes, so that it says nothing.</summary>
    internal double? TopKAccuracy => _classes > TopK ? (double)_inTopK / _predictions : null;

    /// <summary>Gets the mean of −log p(right class), in nats: the cross-entropy without label smoothing.</summary>
    internal double NegativeLogLikelihood => -_logLikelihood / _predictions;

    /// <summary>Gets the expected calibration error; see <see cref="CalibrationError"/>.</summary>
    internal double? Calibration => _calibration.Value();

    /// <summary>Adds the predictions of a batch.</summary>
    /// <inheritdoc cref="ClassificationMetrics.AddPredictions" path="/param"/>
    internal void AddPredictions(ReadOnlySpan<float> logits, ReadOnlySpan<int> shape, int classAxis, ReadOnlySpan<long> labels, int count, long? ignore = null)
    {
        var layout = ClassLayout.Of(logits.Length, shape, classAxis, labels.Length);
        _classes = layout.Classes;
        for (var place = 0; place < count * layout.PlacesPerSample; place++)
        {
            if (labels[place] != ignore)
                Add(logits[layout.First(place)..], layout, checked((int)labels[place]));
        }
    }

    private void Add(ReadOnlySpan<float> logits, ClassLayout layout, int label)
    {
        var (best, before, isNumber) = (0, 0, true);
        var right = logits[label * layout.Stride];
        for (var c = 0; c < layout.Classes; c++)
        {
            var logit = logits[c * layout.Stride];
            isNumber &= !float.IsNaN(logit);
            if (logit > logits[best * layout.Stride])
                best = c;
            if (logit > right || (logit == right && c < label))
                before++;
        }

        var largest = logits[best * layout.Stride];
        var sum = 0.0;
        for (var c = 0; c < layout.Classes; c++)
            sum += Math.Exp((double)logits[c * layout.Stride] - largest);
        _predictions++;
        _inTopK += isNumber && before < TopK ? 1 : 0;
        _logLikelihood += (double)right - largest - Math.Log(sum);
        _calibration.Add(1 / sum, best == label);
    }
}
