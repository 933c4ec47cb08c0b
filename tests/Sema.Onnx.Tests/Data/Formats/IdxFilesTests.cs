using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data.Formats;

[TestClass]
public sealed class IdxFilesTests
{
    // Two images of 1x3 pixels, and their labels.
    private static readonly byte[] Images = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 10, 11, 12, 20, 21, 22];
    private static readonly byte[] Labels = [0, 0, 8, 1, 0, 0, 0, 2, 5, 9];

    [TestMethod]
    public void Images_and_labels_are_read()
    {
        using var folder = new TemporaryFolder();
        folder.Write("train-images-idx3-ubyte", Images);
        folder.Write("train-labels-idx1-ubyte", Labels);

        var split = IdxFiles.Load(folder.Path);

        Assert.AreEqual(2, split.Train.Count);
        Assert.AreEqual(new ArraySpec(ElementType.UInt8, 1, 1, 3), split.Train.Input);
        Assert.AreEqual(new ArraySpec(ElementType.Int64), split.Train.Target);
        split.Train.InputOf(1).ShouldHold<byte>(20, 21, 22);
        Assert.AreEqual(9L, split.Train.LabelOf(1));
        Assert.IsNull(split.Test);
    }

    [TestMethod]
    public void Gzip_and_names_with_a_dot_are_read()
    {
        using var folder = new TemporaryFolder();
        folder.WriteGzip("train-images-idx3-ubyte.gz", Images);
        folder.Write("train-labels.idx1-ubyte", Labels);
        folder.WriteGzip("t10k-images.idx3-ubyte.gz", Images);
        folder.WriteGzip("t10k-labels-idx1-ubyte.gz", Labels);

        var split = IdxFiles.Load(folder.Path);

        split.Train.InputOf(0).ShouldHold<byte>(10, 11, 12);
        Assert.AreEqual(5L, split.Test!.LabelOf(0));
    }

    [TestMethod]
    public void A_test_part_without_labels_is_refused() =>
        Refused(images: Images, labels: Labels, message: "t10k-labels-idx1-ubyte",
            more: folder => folder.Write("t10k-images-idx3-ubyte", Images));

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void A_file_cut_short_is_refused_with_the_offset(bool gzip)
    {
        using var folder = new TemporaryFolder();
        if (gzip)
            folder.WriteGzip("train-images-idx3-ubyte.gz", Images[..^2]);
        else
            folder.Write("train-images-idx3-ubyte", Images[..^2]);
        folder.Write("train-labels-idx1-ubyte", Labels);

        var error = Assert.ThrowsExactly<DataException>(() => IdxFiles.Load(folder.Path));

        Assert.Contains("byte 20: it ends inside sample 0 and those after it, 2 bytes too early", error.Message);
        Assert.AreEqual(20L, error.Offset);
        Assert.StartsWith(Path.Combine(folder.Path, "train-images-idx3-ubyte"), error.Path!);
    }

    [TestMethod]
    public void A_damaged_gzip_file_is_refused()
    {
        using var folder = new TemporaryFolder();
        folder.Write("train-images-idx3-ubyte.gz", 1, 2, 3, 4, 5);
        folder.Write("train-labels-idx1-ubyte", Labels);

        var error = Assert.ThrowsExactly<DataException>(() => IdxFiles.Load(folder.Path));

        Assert.Contains("is damaged", error.Message);
    }

    [TestMethod]
    public void A_header_alone_is_refused() => Refused(Images[..6], Labels, "it ends inside the number of images");

    [TestMethod]
    public void Labels_in_place_of_images_are_refused() =>
        Refused(Labels, Labels,
            "byte 0: the file starts with 0x00000801, but IDX images (unsigned bytes, 3 axes) start with 0x00000803");

    [TestMethod]
    public void A_file_that_goes_on_is_refused() => Refused([.. Images, 1], Labels, "it goes on after the last sample");

    [TestMethod]
    public void Another_number_of_labels_is_refused() =>
        Refused(Images, [0, 0, 8, 1, 0, 0, 0, 1, 5], "holds 2 samples and");

    [TestMethod]
    public void No_images_are_refused() =>
        Refused([0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 3], Labels, "the number of images is 0");

    [TestMethod]
    public void A_header_that_claims_terabytes_is_refused_before_memory_is_taken() =>
        Refused([0, 0, 8, 3, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0x10, 0, 0, 0, 0x10, 0], Labels, "split the set");

    [TestMethod]
    public void A_header_that_claims_one_huge_image_is_refused() =>
        Refused([0, 0, 8, 3, 0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff], Labels, "2 GiB or more");

    [TestMethod]
    public void A_missing_file_is_named()
    {
        using var folder = new TemporaryFolder();
        var error = Assert.ThrowsExactly<DataException>(() => IdxFiles.Load(folder.Path));
        Assert.AreEqual($"{folder.Path} holds no train-images-idx3-ubyte (nor train-images.idx3-ubyte, nor either with .gz); " +
            "put it there or pass another folder.", error.Message);
    }

    [TestMethod]
    public void A_missing_folder_is_named() =>
        Assert.Contains("is not a folder",
            Assert.ThrowsExactly<DataException>(() => IdxFiles.Load("/no/such/folder")).Message);

    private static void Refused(byte[] images, byte[] labels, string message, Action<TemporaryFolder>? more = null)
    {
        using var folder = new TemporaryFolder();
        folder.Write("train-images-idx3-ubyte", images);
        folder.Write("train-labels-idx1-ubyte", labels);
        more?.Invoke(folder);

        Assert.Contains(message, Assert.ThrowsExactly<DataException>(() => IdxFiles.Load(folder.Path)).Message);
    }
}
