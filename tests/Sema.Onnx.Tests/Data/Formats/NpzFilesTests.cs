using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data.Formats;

[TestClass]
public sealed class NpzFilesTests
{
    private static readonly byte[] Input = Npy.File("<f4", "(2, 3)", SampleBytes.Bytes(1f, 2f, 3f, 4f, 5f, 6f));
    private static readonly byte[] Target = Npy.File("<i8", "(2,)", SampleBytes.Bytes(7L, 8L));

    [TestMethod]
    public void A_file_gives_a_training_part()
    {
        using var folder = new TemporaryFolder();
        var path = folder.WriteZip("some.npz", ("input.npy", Input), ("target.npy", Target), ("other.npy", []));

        var split = NpzFiles.Load(path);

        Assert.AreEqual(new ArraySpec(ElementType.Float32, 3), split.Train.Input);
        Assert.AreEqual(new ArraySpec(ElementType.Int64), split.Train.Target);
        split.Train.InputOf(1).As<float>().ShouldHold(4f, 5f, 6f);
        Assert.AreEqual(8L, split.Train.LabelOf(1));
        Assert.IsNull(split.Test);
    }

    [TestMethod]
    public void A_file_may_hold_a_test_part()
    {
        using var folder = new TemporaryFolder();
        var path = folder.WriteZip("some.npz", ("input.npy", Input), ("target.npy", Target),
            ("test_input.npy", Npy.File("<f4", "(1, 3)", SampleBytes.Bytes(9f, 9f, 9f))), ("test_target.npy", Npy.File("<i8", "(1,)", SampleBytes.Bytes(1L))));

        Assert.AreEqual(1L, NpzFiles.Load(path).Test!.LabelOf(0));
    }

    [TestMethod]
    public void A_folder_holds_a_file_a_part()
    {
        using var folder = new TemporaryFolder();
        folder.WriteZip("train.npz", ("input.npy", Input), ("target.npy", Target));
        Assert.IsNull(NpzFiles.Load(folder.Path).Test);

        folder.WriteZip("test.npz", ("input.npy", Input), ("target.npy", Target));
        Assert.AreEqual(2, NpzFiles.Load(folder.Path).Test!.Count);
    }

    [TestMethod]
    public void A_missing_array_is_named()
    {
        using var folder = new TemporaryFolder();
        var path = folder.WriteZip("some.npz", ("x.npy", Input), ("target.npy", Target));

        Assert.AreEqual($"{path} holds no array 'input', only 'x', 'target'; write it with numpy.savez(path, input=..., target=...).",
            Assert.ThrowsExactly<DataException>(() => NpzFiles.Load(path).Train.Input).Message);
    }

    [TestMethod]
    public void A_header_that_announces_more_than_there_is_is_refused() =>
        Refused(Npy.File("<f4", "(1000000000, 3)", SampleBytes.Bytes(1f)),
            "array 'input', byte 80: the header announces 1000000000 samples of float32 [3], 12000000000 bytes, but 4 follow");

    [TestMethod]
    public void A_header_that_announces_less_than_there_is_is_refused() =>
        Refused([.. Input, 0], "24 bytes, but 25 follow");

    [TestMethod]
    public void A_shape_that_overflows_is_refused() =>
        Refused(Npy.File("<f8", "(2, 2147483647, 2147483647, 2147483647)"), "2 GiB or more");

    [TestMethod]
    public void An_axis_beyond_32_bits_is_refused() =>
        Refused(Npy.File("|u1", "(4294967296, 1)"), "is 0 or beyond 2147483647");

    [TestMethod]
    public void No_samples_are_refused() => Refused(Npy.File("<f4", "(0, 3)"), "an axis of the shape (0, 3) is 0");

    [TestMethod]
    public void A_single_number_is_refused() =>
        Refused(Npy.File("<f4", "()", 0, 0, 0, 0), "its first axis must count the samples");

    [TestMethod]
    public void Another_number_of_targets_is_refused() =>
        Refused(Npy.File("|u1", "(3,)", 1, 2, 3), "array 'input' holds 3 samples and");

    [TestMethod]
    [DataRow(0)]
    [DataRow(30)]
    [DataRow(200)]
    public void An_archive_cut_short_is_refused(int length)
    {
        using var folder = new TemporaryFolder();
        var path = folder.WriteZip("some.npz", ("input.npy", Input), ("target.npy", Target));
        folder.Write("some.npz", File.ReadAllBytes(path)[..length]);

        Assert.StartsWith($"{path} is damaged", Assert.ThrowsExactly<DataException>(() => NpzFiles.Load(path)).Message);
    }

    [TestMethod]
    public void A_damaged_archive_is_refused_or_reads_as_it_was()
    {
        // Whichever byte is broken: no other exception, no hang, and never another number.
        using var folder = new TemporaryFolder();
        var bytes = File.ReadAllBytes(folder.WriteZip("some.npz", ("input.npy", Input), ("target.npy", Target)));
        for (var i = 0; i < bytes.Length; i++)
        {
            var broken = bytes.ToArray();
            broken[i] ^= 0xff;
            var path = folder.Write("broken.npz", broken);
            try
            {
                var train = NpzFiles.Load(path).Train;
                train.InputOf(1).As<float>().ShouldHold(4f, 5f, 6f);
                Assert.AreEqual(7L, train.LabelOf(0));
            }
            catch (DataException e)
            {
                Assert.AreEqual(path, e.Path);
            }
        }
    }

    [TestMethod]
    public void A_missing_file_is_named() =>
        Assert.AreEqual("/no/such.npz does not exist; check the path after --data.",
            Assert.ThrowsExactly<DataException>(() => NpzFiles.Load("/no/such.npz")).Message);

    [TestMethod]
    public void A_folder_without_a_training_part_is_refused()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("holds no train.npz",
            Assert.ThrowsExactly<DataException>(() => NpzFiles.Load(folder.Path)).Message);
    }

    private static void Refused(byte[] input, string message)
    {
        using var folder = new TemporaryFolder();
        var path = folder.WriteZip("some.npz", ("input.npy", input), ("target.npy", Target));

        var error = Assert.ThrowsExactly<DataException>(() => NpzFiles.Load(path));

        Assert.StartsWith(path, error.Message);
        Assert.Contains(message, error.Message);
    }
}
