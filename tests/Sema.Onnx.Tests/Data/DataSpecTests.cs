namespace Sema.Onnx.Data;

[TestClass]
public sealed class DataSpecTests
{
    [TestMethod]
    [DataRow("mnist", "mnist", null)]
    [DataRow("fashion-mnist:some/folder", "fashion-mnist", "some/folder")]
    [DataRow(@"npz:C:\data\train.npz", "npz", @"C:\data\train.npz")]
    public void A_kind_and_a_path_are_told_apart(string text, string kind, string? path)
    {
        var spec = DataSpec.Parse(text);

        Assert.AreEqual(kind, spec.Kind);
        Assert.AreEqual(path, spec.Path);
        Assert.AreEqual(text, spec.ToString());
    }

    [TestMethod]
    public void An_unknown_kind_is_refused_with_the_known_ones()
    {
        var error = Assert.ThrowsExactly<DataException>(() => DataSpec.Parse("imagenet:/data"));

        Assert.AreEqual("Unknown data set 'imagenet:/data'; known are mnist or mnist:DIR, fashion-mnist or fashion-mnist:DIR, " +
            "idx:DIR, cifar10:DIR, npz:FILE or npz:DIR.", error.Message);
    }

    [TestMethod]
    [DataRow("cifar10")]
    [DataRow("cifar10:")]
    public void A_kind_without_the_path_it_needs_is_refused(string text)
    {
        var error = Assert.ThrowsExactly<DataException>(() => DataSpec.Parse(text));

        Assert.AreEqual($"The data set '{text}' names no path; write cifar10:DIR.", error.Message);
    }

    [TestMethod]
    public void Load_reads_what_the_text_names()
    {
        using var folder = new TemporaryFolder();
        folder.Write("data_batch_1.bin", [7, .. new byte[3072]]);

        var split = DataSpec.Load($"cifar10:{folder.Path}");

        Assert.AreEqual(7L, split.Train.LabelOf(0));
        Assert.IsNull(split.Test);
    }
}
