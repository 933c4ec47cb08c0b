namespace Sema.Onnx.Metrics;

[TestClass]
public sealed class TensorBoardWriterTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_500);

    [TestMethod]
    public void The_file_is_named_by_time_and_host()
    {
        using var folder = new TemporaryFolder();
        using var writer = Open(folder.Path, host: "node-1");

        Assert.AreEqual(folder.File("events.out.tfevents.1700000000.node-1"), writer.Path);
    }

    [TestMethod]
    [DataRow("a/../b c.lan", "a____b_c_lan")]
    [DataRow("größe", "gr__e")]
    [DataRow("", "localhost")]
    public void A_host_name_that_is_no_file_name_is_made_one(string host, string part)
    {
        using var folder = new TemporaryFolder();
        using var writer = Open(folder.Path, host);

        Assert.AreEqual(folder.File("events.out.tfevents.1700000000." + part), writer.Path);
    }

    [TestMethod]
    public void Two_writers_in_one_second_have_files_of_their_own()
    {
        using var folder = new TemporaryFolder();
        using var first = Open(folder.Path);
        using var second = Open(folder.Path);

        Assert.AreEqual(first.Path + ".1", second.Path);
    }

    // What every event file of TensorFlow begins with: the length 24, its checksum, and the key of wall_time.
    [TestMethod]
    public void The_first_bytes_are_those_of_any_event_file()
    {
        using var folder = new TemporaryFolder();
        using var writer = Open(folder.Path);

        CollectionAssert.AreEqual(
            (byte[])[0x18, 0, 0, 0, 0, 0, 0, 0, 0xA3, 0x7F, 0x4B, 0x22, 0x09],
            ReadShared(writer.Path).Take(13).ToArray());
    }

    [TestMethod]
    public void The_first_event_holds_the_time_and_the_version()
    {
        using var folder = new TemporaryFolder();
        using var writer = Open(folder.Path);
        var fields = EventFile.Read(ReadShared(writer.Path)).Single();

        Assert.AreEqual((1, 1_700_000_000.5), (fields[0].Number, fields[0].Double));
        Assert.AreEqual((3, "brain.Event:2"), (fields[1].Number, fields[1].Text));
    }

    [TestMethod]
    public void An_entry_is_one_event_with_a_scalar_for_each_value()
    {
        using var folder = new TemporaryFolder();
        using var writer = Open(folder.Path);
        writer.Write(new(300, 1, "train", new Dictionary<string, double> { ["loss"] = 0.5, ["größe"] = double.NaN }));
        var fields = EventFile.Read(ReadShared(writer.Path))[1];

        Assert.AreEqual((1, 1_700_000_000.5), (fields[0].Number, fields[0].Double));
        Assert.AreEqual((2, 300UL), (fields[1].Number, fields[1].Varint));
        Assert.AreEqual(5, fields[2].Number);
        var values = fields[2].Message;
        CollectionAssert.AreEqual((int[])[1, 1], values.Select(value => value.Number).ToArray());
        CollectionAssert.AreEqual(
            ((int, string)[])[(1, "train/loss"), (1, "train/größe")],
            values.Select(value => (value.Message[0].Number, value.Message[0].Text)).ToArray());
        CollectionAssert.AreEqual(
            ((int, float)[])[(2, 0.5f), (2, float.NaN)],
            values.Select(value => (value.Message[1].Number, value.Message[1].Float)).ToArray());
    }

    [TestMethod]
    public void A_resumed_run_makes_the_reader_drop_the_steps_after_the_checkpoint()
    {
        using var folder = new TemporaryFolder();
        using var writer = Open(folder.Path, resumedAt: 299);
        var fields = EventFile.Read(ReadShared(writer.Path))[1];

        Assert.AreEqual((2, 300UL), (fields[1].Number, fields[1].Varint));      // the first step to drop
        Assert.AreEqual(7, fields[2].Number);                                   // session_log
        Assert.AreEqual((1, 1UL), (fields[2].Message[0].Number, fields[2].Message[0].Varint)); // status START
    }

    [TestMethod]
    public void The_folder_is_made()
    {
        using var folder = new TemporaryFolder();
        using var writer = Open(folder.File("run/events"));

        Assert.IsTrue(File.Exists(writer.Path));
    }

    [TestMethod]
    public void Resuming_before_the_first_step_is_refused()
    {
        using var folder = new TemporaryFolder();

        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Open(folder.Path, resumedAt: -1));
    }

    private static TensorBoardWriter Open(string folder, string host = "host", long? resumedAt = null) =>
        new(folder, resumedAt, host, new ManualTime(Start));

    private static byte[] ReadShared(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }
}
