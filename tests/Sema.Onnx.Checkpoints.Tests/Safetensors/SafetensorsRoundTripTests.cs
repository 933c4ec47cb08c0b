namespace Sema.Onnx.Checkpoints.Safetensors;

[TestClass]
public sealed class SafetensorsRoundTripTests
{
    public static IEnumerable<object[]> Types => Enum.GetValues<TensorType>().Select(type => new object[] { type });

    [TestMethod]
    [DynamicData(nameof(Types))]
    public void A_tensor_of_each_type_comes_back(TensorType type)
    {
        using var folder = new TempFolder();
        var values = Random(seed: 1, 6 * type.Size());

        SafetensorsFile.Write(folder["x"], [new TensorEntry("w", type, [2, 3], values)]);

        using var file = SafetensorsFile.Open(folder["x"]);
        Assert.IsTrue(file.TryGet("w", out var info));
        Assert.AreEqual(type, info.Type);
        Assert.AreEqual(values.Length, info.ByteLength);
        CollectionAssert.AreEqual(new long[] { 2, 3 }, info.Shape.ToArray());
        CollectionAssert.AreEqual(values, file.Read("w"));
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("../../etc/passwd")]
    [DataRow("C:\\con\0")]
    [DataRow("\"quoted\" \\ and \u2028 \t lines")]
    [DataRow("größe/层.重み/🦉")]
    [DataRow("__metadata")]
    [DataRow("dtype")]
    public void A_tensor_of_any_name_comes_back(string name)
    {
        using var folder = new TempFolder();

        SafetensorsFile.Write(folder["x"], [new TensorEntry(name, TensorType.UInt8, [1], new byte[] { 7 })]);

        using var file = SafetensorsFile.Open(folder["x"]);
        Assert.AreEqual(name, file.Tensors.Single().Name);
        CollectionAssert.AreEqual(new byte[] { 7 }, file.Read(name));
        CollectionAssert.AreEqual(new[] { folder["x"] }, Directory.GetFileSystemEntries(folder.Path));
    }

    [TestMethod]
    public void Names_that_differ_only_in_normalisation_or_case_are_two()
    {
        using var folder = new TempFolder();
        string[] names = ["é", "e\u0301", "E", "e"];

        SafetensorsFile.Write(folder["x"], [.. names.Select((name, i) => new TensorEntry(name, TensorType.UInt8, [], new[] { (byte)i }))]);

        using var file = SafetensorsFile.Open(folder["x"]);
        Assert.AreEqual(0, file.Read("é")[0]);
        Assert.AreEqual(1, file.Read("e\u0301")[0]);
        Assert.AreEqual(2, file.Read("E")[0]);
        Assert.AreEqual(3, file.Read("e")[0]);
    }

    [TestMethod]
    public void Every_tensor_begins_at_a_multiple_of_its_elements_size()
    {
        using var folder = new TempFolder();
        var tensors = Enum.GetValues<TensorType>()
            .Select((type, i) => new TensorEntry($"{i}", type, [3], Random(i, 3 * type.Size())))
            .ToArray();

        SafetensorsFile.Write(folder["x"], tensors);

        var bytes = File.ReadAllBytes(folder["x"]);
        foreach (var tensor in tensors)
            Assert.AreEqual(0, bytes.AsSpan().IndexOf(tensor.Data.Span) % tensor.Info.Type.Size(), tensor.Info.ToString());
    }

    [TestMethod]
    public void A_streamed_tensor_is_fetched_in_pieces_and_gives_the_same_file()
    {
        using var folder = new TempFolder();
        var values = Random(1, (1 << 20) + 5);
        var fetched = new List<string>();

        SafetensorsFile.Write(folder["x"], [new TensorEntry("w", TensorType.UInt8, [values.Length], values)]);
        SafetensorsFile.Write(folder["y"], [TensorEntry.Streamed("w", TensorType.UInt8, [values.Length], (offset, destination) =>
        {
            fetched.Add($"{offset}+{destination.Length}");
            values.AsSpan((int)offset, destination.Length).CopyTo(destination);
        })]);

        Assert.AreEqual($"0+{1 << 20} {1 << 20}+5", string.Join(' ', fetched));
        CollectionAssert.AreEqual(File.ReadAllBytes(folder["x"]), File.ReadAllBytes(folder["y"]));
    }

    [TestMethod]
    public void Some_of_a_tensor_is_read()
    {
        using var folder = new TempFolder();
        SafetensorsFile.Write(folder["x"], [
            new TensorEntry("a", TensorType.UInt8, [2], new byte[] { 1, 2 }),
            new TensorEntry("b", TensorType.UInt8, [4], new byte[] { 3, 4, 5, 6 })]);
        using var file = SafetensorsFile.Open(folder["x"]);
        var two = new byte[2];

        file.Read("b", 1, two);

        CollectionAssert.AreEqual(new byte[] { 4, 5 }, two);
        foreach (var offset in new[] { -1L, 3, 5, long.MaxValue })
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => file.Read("b", offset, two));
    }

    [TestMethod]
    public void Empty_tensors_keep_their_shapes()
    {
        using var folder = new TempFolder();

        SafetensorsFile.Write(folder["x"], [
            new TensorEntry("none", TensorType.Float32, [2, 0, 5], default),
            new TensorEntry("one", TensorType.Float32, [1], new byte[4]),
            new TensorEntry("zero", TensorType.Float64, [0], default)]);

        using var file = SafetensorsFile.Open(folder["x"]);
        Assert.AreEqual("'none' F32 [2, 0, 5], 'zero' F64 [0], 'one' F32 [1]", string.Join(", ", file.Tensors));
        Assert.IsEmpty(file.Read("none"));
    }

    [TestMethod]
    public void A_tensor_larger_than_the_buffers_is_read_into_memory_of_the_callers()
    {
        using var folder = new TempFolder();
        var values = Random(seed: 2, (3 << 20) + 5);
        SafetensorsFile.Write(folder["x"], [
            new TensorEntry("w", TensorType.UInt8, [values.Length], values),
            new TensorEntry("v", TensorType.Int64, [], new byte[8])]);
        var destination = new byte[values.Length];

        using var file = SafetensorsFile.Open(folder["x"]);
        file.Read("w", destination);

        CollectionAssert.AreEqual(values, destination);
    }

    [TestMethod]
    public void A_name_that_occurs_twice_is_refused_and_the_old_file_stays()
    {
        using var folder = new TempFolder();
        var path = folder.File("x", [1, 2, 3]);
        var w = new TensorEntry("w", TensorType.UInt8, [1], new byte[1]);

        var e = Assert.ThrowsExactly<ArgumentException>(() => SafetensorsFile.Write(path, [w, w]));

        Assert.Contains("'w'", e.Message);
        CollectionAssert.AreEqual(new byte[] { 1, 2, 3 }, File.ReadAllBytes(path));
    }

    [TestMethod]
    public void Metadata_comes_back_and_half_of_a_surrogate_pair_in_it_is_refused()
    {
        using var folder = new TempFolder();

        SafetensorsFile.Write(folder["x"], [], new Dictionary<string, string> { ["b"] = "größe\n🦉", [""] = "" });

        using var file = SafetensorsFile.Open(folder["x"]);
        Assert.HasCount(2, file.Metadata);
        Assert.AreEqual("größe\n🦉", file.Metadata["b"]);
        Assert.AreEqual("", file.Metadata[""]);
        foreach (var (key, value) in new[] { ("\ud800", ""), ("", "\ud800") })
        {
            var half = new Dictionary<string, string> { [key] = value };
            Assert.ThrowsExactly<ArgumentException>(() => SafetensorsFile.Write(folder["x"], [], half));
        }
    }

    [TestMethod]
    public void A_file_that_cannot_be_written_is_an_error_that_leaves_nothing_behind()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["x"]);

        var e = Assert.ThrowsExactly<CheckpointException>(() => SafetensorsFile.Write(folder["x"], []));

        Assert.AreEqual(folder["x"], e.Path);
        CollectionAssert.AreEqual(new[] { folder["x"] }, Directory.GetFileSystemEntries(folder.Path));
    }

    [TestMethod]
    public void Room_of_another_size_and_a_name_that_is_not_there_are_refused()
    {
        using var folder = new TempFolder();
        SafetensorsFile.Write(folder["x"], [new TensorEntry("w", TensorType.Float32, [2], new byte[8])]);
        using var file = SafetensorsFile.Open(folder["x"]);

        Assert.ThrowsExactly<ArgumentException>(() => file.Read("w", new byte[7]));
        Assert.ThrowsExactly<ArgumentException>(() => file.Read("w", new byte[9]));
        Assert.Contains("'W'", Assert.ThrowsExactly<CheckpointException>(() => file.Read("W")).Message);
        Assert.IsFalse(file.TryGet("W", out _));
    }

    private static byte[] Random(int seed, int count)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
