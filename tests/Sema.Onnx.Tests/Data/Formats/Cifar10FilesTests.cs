using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data.Formats;

[TestClass]
public sealed class Cifar10FilesTests
{
    [TestMethod]
    public void Records_of_all_files_are_read_in_the_order_of_the_names()
    {
        using var folder = new TemporaryFolder();
        folder.Write("data_batch_2.bin", Record(label: 2, red: 20));
        folder.Write("data_batch_1.bin", [.. Record(label: 0, red: 5), .. Record(label: 1, red: 10)]);
        folder.Write("test_batch.bin", Record(label: 9, red: 90));

        var split = Cifar10Files.Load(folder.Path);

        Assert.AreEqual(new ArraySpec(ElementType.UInt8, 3, 32, 32), split.Train.Input);
        Assert.AreEqual(3, split.Train.Count);
        Enumerable.Range(0, 3).Select(split.Train.LabelOf).ToArray().ShouldHold(0, 1, 2);
        Assert.AreEqual((20, 0), (split.Train.InputOf(2)[0], split.Train.InputOf(2)[1024]));   // red plane, green plane
        Assert.AreEqual(9L, split.Test!.LabelOf(0));
    }

    [TestMethod]
    [DataRow(0, 0L)]
    [DataRow(3072, 0L)]
    [DataRow(3074, 3073L)]
    public void A_part_of_a_record_is_refused(int length, long offset)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("data_batch_1.bin", new byte[length]);

        var error = Assert.ThrowsExactly<DataException>(() => Cifar10Files.Load(folder.Path));

        Assert.StartsWith($"{path}, byte {offset}: the file has {length} bytes, which is not a whole number of records of 3073 bytes", error.Message);
        Assert.AreEqual(offset, error.Offset);
    }

    [TestMethod]
    public void A_folder_without_batches_is_refused()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("holds no data_batch_*.bin",
            Assert.ThrowsExactly<DataException>(() => Cifar10Files.Load(folder.Path)).Message);
    }

    [TestMethod]
    public void A_sample_that_is_not_there_is_refused()
    {
        var data = new Cifar10Dataset([Record(label: 1, red: 1)]);

        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => data.InputOf(1));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => data.InputOf(-1));
        Assert.ThrowsExactly<ArgumentException>(() => data.Read(0, new byte[3071], new byte[8]));
    }

    private static byte[] Record(byte label, byte red) => [label, red, .. new byte[3071]];
}
