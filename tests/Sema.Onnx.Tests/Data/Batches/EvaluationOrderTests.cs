namespace Sema.Onnx.Data.Batches;

[TestClass]
public sealed class EvaluationOrderTests
{
    [TestMethod]
    public void Samples_come_in_order_and_the_last_batch_is_short()
    {
        var order = new EvaluationOrder(samples: 5, batchSize: 2);

        Assert.AreEqual(3, order.BatchesPerEpoch);
        order.Samples(0, 1).ToArray().ShouldHold(2, 3);
        order.Samples(0, 2).ToArray().ShouldHold(4);
    }

    [TestMethod]
    public void A_full_last_batch_is_the_last() => Assert.AreEqual(2, new EvaluationOrder(4, 2).BatchesPerEpoch);
}
