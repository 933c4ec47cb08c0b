namespace Sema.Onnx.Checkpoints.Storage;

[TestClass]
public sealed class CheckpointNameTests
{
    [TestMethod]
    [DataRow(0L, "step-000000000")]
    [DataRow(123L, "step-000000123")]
    [DataRow(12_345_678_901L, "step-12345678901")]
    [DataRow(long.MaxValue, "step-9223372036854775807")]
    public void A_step_has_one_name_and_is_read_from_it(long step, string name)
    {
        Assert.AreEqual(name, CheckpointName.OfStep(step));
        Assert.IsTrue(CheckpointName.TryGetStep(name, out var read));
        Assert.AreEqual(step, read);
    }

    [TestMethod]
    [DataRow("step-123")]
    [DataRow("step-0000000123")]
    [DataRow("step--00000123")]
    [DataRow("step-+00000123")]
    [DataRow("step- 00000123")]
    [DataRow("step-00000012a")]
    [DataRow("step-9223372036854775808")]
    [DataRow("Step-000000123")]
    [DataRow("step-")]
    public void Another_spelling_of_a_step_is_no_name(string name) => Assert.IsFalse(CheckpointName.IsValid(name));
}
