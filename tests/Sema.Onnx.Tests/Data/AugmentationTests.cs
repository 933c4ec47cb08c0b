namespace Sema.Onnx.Data;

[TestClass]
public sealed class AugmentationTests
{
    [TestMethod]
    [DataRow("crop,flip", true, true)]
    [DataRow(" flip ", false, true)]
    [DataRow("crop", true, false)]
    [DataRow("none", false, false)]
    [DataRow("", false, false)]
    public void Named_changes_are_read(string text, bool crop, bool flip) =>
        Assert.AreEqual(new Augmentation(crop, flip), Augmentation.Parse(text));

    [TestMethod]
    public void An_unknown_change_is_refused_with_the_known_ones()
    {
        var error = Assert.ThrowsExactly<DataException>(() => Augmentation.Parse("crop,rotate"));

        Assert.AreEqual("Unknown augmentation 'rotate'; known are crop, flip and none, such as --augment crop,flip.",
            error.Message);
    }
}
