namespace Sema.Onnx.Metrics;

/// <summary>Mean loss and top-1 accuracy over the valid samples of many batches.</summary>
/// <remarks>A batch may be padded to a fixed size: its first <c>count</c> samples are valid, the rest is not looked
/// at.</remarks>
public sealed class ClassificationMetrics
{
    private double _lossSum;
    private long _predictions;
    private long _correct;

    /// <summary>Gets the valid samples whose loss was added.</summary>
    public long Samples { get; private set; }

    /// <summary>Gets the mean loss per valid sample; NaN before the first.</summary>
    public double Loss => _lossSum / Samples;

    /// <summary>Gets the share of correct predictions, in [0, 1]; NaN before the first.</summary>
    public double Accuracy => (double)_correct / _predictions;

    /// <summary>Adds the loss of a batch.</summary>
    /// <param name="loss">The mean over the batch's valid samples.</param>
    /// <param name="count">The valid samples, which are the loss's weight, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is negative.</exception>
    public void AddLoss(double loss, int count)
    {
        if (count < 0)
            throw new ArgumentOutOfRangeException(nameof(count), count,
                "The valid samples of a batch must not be negative.");
        if (count == 0)
            return;
        _lossSum += loss * count;
        Samples += count;
    }

    /// <summary>Adds the predictions of a batch: at each place, the class with the largest logit, the first of equal
    /// ones.</summary>
    /// <param name="logits">Scores of any scale, float32 of <paramref name="shape"/>, row-major. A place with a NaN
    /// among its logits is wrong.</param>
    /// <param name="shape">The logits' shape, the batch first: [N, C], [N, C, H, W] or [N, T, C].</param>
    /// <param name="classAxis">The axis of the C classes, in [1, rank), or negative to count from the end.</param>
    /// <param name="labels">The right classes, in [0, C), int64; the logits' shape without the class axis.</param>
    /// <param name="count">The valid samples, the first of the batch, in [0, N].</param>
    /// <param name="ignore">The label of places that do not count. Default: none.</param>
    /// <exception cref="ArgumentException">The sizes of the shape, the logits and the labels do not fit
    /// together.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The axis, the count, or a valid label is out of range; then
    /// nothing is added.</exception>
    public void AddPredictions(
        ReadOnlySpan<float> logits, ReadOnlySpan<int> shape, int classAxis, ReadOnlySpan<long> labels, int count,
        long? ignore = null)
    {
        var layout = ClassLayout.Of(logits.Length, shape, classAxis, labels.Length);
        if (count < 0 || count > shape[0])
            throw new ArgumentOutOfRangeException(nameof(count), count,
                $"The valid samples must be in [0, {shape[0]}], the batch's size.");
        var places = count * layout.PlacesPerSample;
        var (correct, ignored) = (0, 0);
        for (var place = 0; place < places; place++)
        {
            var label = labels[place];
            if (label == ignore)
            {
                ignored++;
                continue;
            }

            if (label < 0 || label >= layout.Classes)
                throw new ArgumentOutOfRangeException(nameof(labels), label,
                    $"The label at index {place} is no class of the model, which has {layout.Classes}; "
                    + "correct the data or give the model another head.");
            if (Top1(logits[layout.First(place)..], layout.Classes, layout.Stride) == label)
                correct++;
        }
        _correct += correct;
        _predictions += places - ignored;
    }

    /// <summary>Finds the first class with the largest logit; −1 if one is NaN.</summary>
    private static int Top1(ReadOnlySpan<float> logits, int classes, int stride)
    {
        var best = 0;
        for (var c = 0; c < classes; c++)
        {
            var logit = logits[c * stride];
            if (float.IsNaN(logit))
                return -1;
            if (logit > logits[best * stride])
                best = c;
        }
        return best;
    }
}
