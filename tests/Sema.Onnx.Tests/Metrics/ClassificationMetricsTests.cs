namespace Sema.Onnx.Metrics;

[TestClass]
public sealed class ClassificationMetricsTests
{
    [TestMethod]
    public void Loss_is_the_mean_over_samples_not_over_batches()
    {
        var metrics = new ClassificationMetrics();
        metrics.AddLoss(1, count: 3);
        metrics.AddLoss(5, count: 1);

        Assert.AreEqual(2, metrics.Loss); // (3·1 + 1·5)/4
        Assert.AreEqual(4, metrics.Samples);
    }

    [TestMethod]
    public void The_loss_of_no_valid_sample_is_not_looked_at()
    {
        var metrics = new ClassificationMetrics();
        metrics.AddLoss(1, count: 3);
        metrics.AddLoss(double.NaN, count: 0);

        Assert.AreEqual(1, metrics.Loss);
    }

    [TestMethod]
    public void Without_samples_loss_and_accuracy_are_NaN()
    {
        Assert.AreEqual(double.NaN, new ClassificationMetrics().Loss);
        Assert.AreEqual(double.NaN, new ClassificationMetrics().Accuracy);
    }

    [TestMethod]
    public void Accuracy_counts_rows_whose_largest_logit_is_the_label() =>
        Assert.AreEqual(
            0.75, Accuracy([1, 3, 2, /**/ 9, 1, 1, /**/ -3, -2, -1, /**/ 0, 0, 5], [4, 3], 1, [1, 0, 2, 1], count: 4));

    [TestMethod]
    public void Batches_add_up()
    {
        var metrics = new ClassificationMetrics();
        metrics.AddPredictions([1, 0, 1, 0, 1, 0], [3, 2], 1, [0, 0, 0], count: 3);
        metrics.AddPredictions([1, 0], [1, 2], 1, [1], count: 1);

        Assert.AreEqual(0.75, metrics.Accuracy);
    }

    [TestMethod]
    public void Padding_is_not_looked_at() =>
        Assert.AreEqual(1, Accuracy([1, 0, /**/ float.NaN, 0], [2, 2], 1, [0, -7], count: 1));

    [TestMethod]
    [DataRow(0L, 1.0)]
    [DataRow(1L, 0.0)]
    public void Ties_go_to_the_first_class(long label, double accuracy) =>
        Assert.AreEqual(accuracy, Accuracy([2, 2, 1], [1, 3], 1, [label], count: 1));

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(2)]
    public void A_NaN_among_the_logits_is_wrong_whatever_the_label(int nan)
    {
        float[] logits = [1, 1, 1];
        logits[nan] = float.NaN;
        foreach (var label in (long[])[0, 1, 2])
            Assert.AreEqual(0, Accuracy(logits, [1, 3], 1, [label], count: 1));
    }

    // [N, C, W] = [2, 2, 3]: class 0 of a sample, then class 1; the largest are 0 1 0 and 1 1 0
    [TestMethod]
    [DataRow(1)]
    [DataRow(-2)]
    public void Classes_may_lie_before_other_axes(int axis) =>
        Assert.AreEqual(
            5.0 / 6,
            Accuracy([5, 0, 5, 1, 1, 1, /**/ 0, 0, 2, 1, 1, 1], [2, 2, 3], axis, [0, 1, 0, 1, 1, 1], count: 2));

    // [N, T, C] = [2, 2, 2]; of the first sample alone both are right
    [TestMethod]
    [DataRow(1, 1.0)]
    [DataRow(2, 0.5)]
    public void Classes_may_lie_last_and_a_sample_hold_several_predictions(int count, double accuracy) =>
        Assert.AreEqual(accuracy, Accuracy([1, 0, 0, 1, /**/ 1, 0, 0, 1], [2, 2, 2], -1, [0, 1, 1, 0], count));

    [TestMethod]
    [DataRow(-1L)]
    [DataRow(2L)]
    public void A_label_that_is_no_class_is_refused_and_nothing_is_added(long label)
    {
        var metrics = new ClassificationMetrics();
        metrics.AddPredictions([1, 0], [1, 2], 1, [0], count: 1);
        var e = Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => metrics.AddPredictions([0, 1, 0, 1], [2, 2], 1, [0, label], count: 2));

        Assert.Contains("index 1", e.Message);
        Assert.AreEqual(1, metrics.Accuracy);
    }

    [TestMethod]
    [DataRow(5, 3, DisplayName = "logits do not fill the shape")]
    [DataRow(6, 2, DisplayName = "labels do not fit the shape")]
    public void Sizes_that_do_not_fit_are_refused(int logits, int labels) => Assert.ThrowsExactly<ArgumentException>(
        () => new ClassificationMetrics().AddPredictions(new float[logits], [3, 2], 1, new long[labels], count: 1));

    [TestMethod]
    public void A_shape_whose_size_overflows_is_refused() => Assert.ThrowsExactly<ArgumentException>(
        () => new ClassificationMetrics().AddPredictions([], [1 << 16, 1 << 16, 1 << 16, 1 << 16], 1, [], count: 0));

    [TestMethod]
    [DataRow(0)]
    [DataRow(2)]
    [DataRow(-2)]
    public void A_class_axis_that_is_the_batch_or_none_is_refused(int axis) =>
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => new ClassificationMetrics().AddPredictions([1, 0], [1, 2], axis, [0], count: 1));

    [TestMethod]
    [DataRow(-1)]
    [DataRow(2)]
    public void More_valid_samples_than_the_batch_holds_are_refused(int count) =>
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => new ClassificationMetrics().AddPredictions([1, 0], [1, 2], 1, [0], count));

    private static double Accuracy(float[] logits, int[] shape, int axis, long[] labels, int count)
    {
        var metrics = new ClassificationMetrics();
        metrics.AddPredictions(logits, shape, axis, labels, count);
        return metrics.Accuracy;
    }
}
