namespace Sema.Onnx.Data;

[TestClass]
public sealed class DatasetExtensionsTests
{
    [TestMethod]
    public void First_keeps_that_many_samples()
    {
        var first = new CountingDataset(10).First(3);

        Assert.AreEqual(3, first.Count);
        Assert.AreEqual(2L, first.LabelOf(2));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => first.LabelOf(3));
    }

    [TestMethod]
    public void First_of_more_than_there_are_keeps_all() =>
        Assert.AreEqual(10, new CountingDataset(10).First(99).Count);

    [TestMethod]
    public void First_of_none_is_refused() =>
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new CountingDataset(10).First(0));
}
