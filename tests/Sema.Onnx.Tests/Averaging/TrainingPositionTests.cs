namespace Sema.Onnx.Averaging;

[TestClass]
public sealed class TrainingPositionTests
{
    [TestMethod]
    [DataRow(0L, 1L)]
    [DataRow(1L, 0L)]
    public void Steps_and_epochs_below_1_are_refused(long step, long epoch) =>
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new TrainingPosition(step, epoch, endsEpoch: false));
}
