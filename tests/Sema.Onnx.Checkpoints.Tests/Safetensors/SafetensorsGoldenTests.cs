namespace Sema.Onnx.Checkpoints.Safetensors;

[TestClass]
public sealed class SafetensorsGoldenTests
{
    // 130 characters of JSON, 6 spaces: 136 = 0x88. Data from 144 on. F32 1.0 = 0x3F800000 goes first: the wider
    // element.
    private static readonly byte[] Golden =
    [
        0x88, 0, 0, 0, 0, 0, 0, 0,
        .. "{\"__metadata__\":{\"k\":\"v\"},"u8,
        .. "\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[4,7]},"u8,
        .. "\"b\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}      "u8,
        0x00, 0x00, 0x80, 0x3F,
        1, 2, 3,
    ];

    private static readonly TensorEntry[] Tensors =
    [
        new("a", TensorType.UInt8, [3], new byte[] { 1, 2, 3 }),
        new("b", TensorType.Float32, [], BitConverter.GetBytes(1f)),
    ];

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void A_file_has_the_bytes_that_the_format_says_in_whatever_order_the_tensors_come(bool reversed)
    {
        using var folder = new TempFolder();
        var metadata = new Dictionary<string, string> { ["k"] = "v" };

        SafetensorsFile.Write(folder["x"], reversed ? [.. Tensors.Reverse()] : Tensors, metadata);

        CollectionAssert.AreEqual(Golden, File.ReadAllBytes(folder["x"]));
    }

    [TestMethod]
    public void The_bytes_that_the_format_says_are_read()
    {
        using var folder = new TempFolder();
        using var file = SafetensorsFile.Open(folder.File("x", Golden));

        Assert.AreEqual("v", file.Metadata["k"]);
        Assert.AreEqual("'b' F32 [], 'a' U8 [3]", string.Join(", ", file.Tensors));
        CollectionAssert.AreEqual(new byte[] { 1, 2, 3 }, file.Read("a"));
        Assert.AreEqual(1f, BitConverter.ToSingle(file.Read("b")));
    }

    [TestMethod]
    public void No_tensors_make_a_file_of_16_bytes()
    {
        using var folder = new TempFolder();

        SafetensorsFile.Write(folder["x"], []);

        CollectionAssert.AreEqual((byte[])[8, 0, 0, 0, 0, 0, 0, 0, .. "{}      "u8], File.ReadAllBytes(folder["x"]));
        using var file = SafetensorsFile.Open(folder["x"]);
        Assert.IsEmpty(file.Tensors);
    }
}
