namespace Sema.Onnx.Metrics;

[TestClass]
public sealed class MetricsEntryTests
{
    [TestMethod]
    [DataRow("")]
    [DataRow("step")]
    [DataRow("epoch")]
    [DataRow("split")]
    public void A_metric_with_the_name_of_a_field_or_none_is_refused(string name) =>
        Assert.ThrowsExactly<ArgumentException>(
            () => new MetricsEntry(1, 1, "train", new Dictionary<string, double> { [name] = 1 }));

    [TestMethod]
    public void A_split_without_a_name_is_refused() =>
        Assert.ThrowsExactly<ArgumentException>(() => new MetricsEntry(1, 1, "", new Dictionary<string, double>()));

    [TestMethod]
    [DataRow(-1L, 0.0)]
    [DataRow(0L, -0.5)]
    [DataRow(0L, double.NaN)]
    public void A_negative_step_or_epoch_is_refused(long step, double epoch) =>
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => new MetricsEntry(step, epoch, "train", new Dictionary<string, double>()));
}
