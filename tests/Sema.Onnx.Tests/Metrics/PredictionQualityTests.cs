namespace Sema.Onnx.Metrics;

[TestClass]
public sealed class PredictionQualityTests
{
    [TestMethod]
    public void Measures_agree_with_their_definitions()
    {
        const int N = 40, C = 7;
        var random = new Random(3);
        float[] logits = [.. Enumerable.Range(0, N * C).Select(_ => (random.NextSingle() - 0.5f) * 8)];
        long[] labels = [.. Enumerable.Range(0, N).Select(_ => (long)random.Next(C))];

        var (likelihood, inTop3, predictions) = (0.0, 0, new CalibrationError());
        for (var i = 0; i < N; i++)
        {
            var row = logits[(i * C)..((i + 1) * C)];
            var exponentials = row.Select(z => Math.Exp(z)).ToArray();
            var probabilities = exponentials.Select(e => e / exponentials.Sum()).ToArray();
            likelihood += Math.Log(probabilities[labels[i]]);
            inTop3 += Enumerable.Range(0, C).OrderByDescending(c => row[c]).Take(3).Contains((int)labels[i]) ? 1 : 0;
            predictions.Add(probabilities.Max(), probabilities.Index().MaxBy(p => p.Item).Index == labels[i]);
        }

        // Two batches, the second padded.
        var quality = new PredictionQuality(topK: 3);
        quality.AddPredictions(logits.AsSpan(0, 24 * C), [24, C], 1, labels.AsSpan(0, 24), 24);
        quality.AddPredictions([.. logits[(24 * C)..], .. new float[8 * C]], [24, C], 1, [.. labels[24..], .. new long[8]], 16);
        Assert.AreEqual(-likelihood / N, quality.NegativeLogLikelihood, 1e-12);
        Assert.AreEqual((double)inTop3 / N, quality.TopKAccuracy);
        Assert.AreEqual(predictions.Value()!.Value, quality.Calibration!.Value, 1e-12);
    }

    [TestMethod]
    [DataRow(0L, 1, true)]
    [DataRow(1L, 1, false)]
    [DataRow(1L, 2, true)]
    [DataRow(3L, 3, false)]
    [DataRow(2L, 3, true)]
    public void Among_equal_logits_the_smaller_class_comes_first(long label, int k, bool inTopK) =>
        Assert.AreEqual(inTopK ? 1 : 0, Of(k, [5, 5, 5, 5], [1, 4], 1, label).TopKAccuracy);

    [TestMethod]
    public void Top_k_is_left_out_where_there_are_no_more_than_k_classes()
    {
        Assert.IsNull(Of(null, [1, 2, 3, 4, 5], [1, 5], 1, 0).TopKAccuracy);
        Assert.AreEqual(0, Of(null, [1, 2, 3, 4, 5, 6], [1, 6], 1, 0).TopKAccuracy);
    }

    [TestMethod]
    public void Places_of_a_segmentation_count_one_by_one_but_for_ignored_ones()
    {
        // Two classes at three places, [1, 2, 3]: logits (0, 0), (0, ln 3), (ln 3, 0); the second place is ignored.
        var log3 = MathF.Log(3);
        var quality = Of(1, [0, 0, log3, 0, log3, 0], [1, 2, 3], 1, 1, -100, 0);
        Assert.AreEqual((Math.Log(2) + Math.Log(4 / 3.0)) / 2, quality.NegativeLogLikelihood, 1e-7);

        // Confidences 0.5 (wrong, as the first of equal ones is predicted) and 0.75 (right), each a bin.
        Assert.AreEqual((0.5 + 0.25) / 2, quality.Calibration!.Value, 1e-7);
        Assert.AreEqual(0.5, quality.TopKAccuracy);
    }

    [TestMethod]
    public void Large_logits_do_not_overflow()
    {
        var quality = Of(1, [1000, 0, -1000], [1, 3], 1, 1);
        Assert.AreEqual(1000, quality.NegativeLogLikelihood, 1e-9);
        Assert.AreEqual(1, quality.Calibration!.Value, 1e-12);
    }

    [TestMethod]
    public void A_logit_that_is_no_number_is_wrong_and_leaves_no_likelihood()
    {
        var quality = Of(2, [1, float.NaN, 0], [1, 3], 1, 0);
        Assert.AreEqual(0, quality.TopKAccuracy);
        Assert.AreEqual(double.NaN, quality.NegativeLogLikelihood);
        Assert.AreEqual(double.NaN, quality.Calibration);
    }

    private static PredictionQuality Of(int? k, float[] logits, int[] shape, int axis, params long[] labels)
    {
        var quality = new PredictionQuality(k);
        quality.AddPredictions(logits, shape, axis, labels, shape[0], ignore: -100);
        return quality;
    }
}
