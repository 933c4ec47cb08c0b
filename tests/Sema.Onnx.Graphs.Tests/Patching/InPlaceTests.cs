using Google.Protobuf;
using Sema.Onnx.Graphs.Protobuf;
using static Sema.Onnx.Graphs.Patching.Models;

namespace Sema.Onnx.Graphs.Patching;

/// <summary>Tensors that keep their dimensions: nothing but their values changes.</summary>
[TestClass]
public sealed class InPlaceTests
{
    private static readonly byte[] Old = Bytes(1f, 2f);
    private static readonly byte[] New = Bytes(-3.5f, 40f);

    /// <summary>All the ways in which one float32 tensor [2] with the values 1 and 2 can be written.</summary>
    public static IEnumerable<(string, byte[])> Layouts =>
    [
        ("raw", [.. Header("w"), .. Field(9, Old)]),
        ("raw before the header", [.. Field(9, Old), .. Header("w")]),
        ("raw with a length prefix longer than needed", [.. Header("w"), 0x4A, 0x88, 0x80, 0x00, .. Old]),
        ("raw twice: the last counts", [.. Field(9, New), .. Header("w"), .. Field(9, Old)]),
        ("packed", [.. Header("w"), .. Field(4, Old)]),
        ("packed in two pieces", [.. Field(4, Old[..4]), .. Header("w"), .. Field(4, Old[4..])]),
        ("packed, and an empty piece", [.. Field(4), .. Header("w"), .. Field(4, Old)]),
        ("unpacked", [.. Header("w"), 0x25, .. Old[..4], 0x25, .. Old[4..]]),
        ("unpacked around the header", [0x25, .. Old[..4], .. Header("w"), 0x25, .. Old[4..]]),
        ("one element unpacked, one packed", [0x25, .. Old[..4], .. Header("w"), .. Field(4, Old[4..])]),
        ("packed dims", [.. Field(1, 2), 0x10, 0x01, .. Field(8, (byte)'w'), .. Field(9, Old)]),
        ("unknown fields inside", [.. Field(77, 9, 9), .. Header("w"), .. Field(9, Old), .. Field(78, 9)]),
    ];

    [TestMethod, DynamicData(nameof(Layouts))]
    public void Only_bytes_of_the_values_change(string layout, byte[] tensor)
    {
        using var folder = new PatchFolder();
        var before = Around(tensor);
        var after = folder.Patch(before, "w", [2], New);

        Assert.HasCount(before.Length, after, layout);
        var patched = ModelProto.Parser.ParseFrom(after).Graph.Initializer.Single();
        CollectionAssert.AreEqual(New, patched.FloatData.Count > 0 ? Bytes([.. patched.FloatData]) : patched.RawData.ToByteArray(), layout);
        // Old value by old value: what changed is where an old element lay.
        var changed = Enumerable.Range(0, before.Length).Where(i => before[i] != after[i]).ToList();
        foreach (var i in changed)
            Assert.IsTrue(Lies(before, i, Old[..4]) || Lies(before, i, Old[4..]), $"{layout}: byte {i}");
        Assert.IsNotEmpty(changed);
    }

    [TestMethod, DynamicData(nameof(Layouts))]
    public void Own_values_give_the_same_file(string layout, byte[] tensor)
    {
        using var folder = new PatchFolder();
        var before = Around(tensor);
        CollectionAssert.AreEqual(before, folder.Patch(before, "w", [2], Old), layout);
    }

    /// <summary>Each element type in its typed field, with two values, as a <c>TensorProto</c>; the same values as bytes.</summary>
    public static IEnumerable<(int, byte[], byte[])> ElementTypes =>
    [
        (1, Wire(new() { FloatData = { 1, -2 } }), Bytes(1f, -2f)),
        (2, Wire(new() { Int32Data = { 1, 255 } }), [1, 255]),
        (3, Wire(new() { Int32Data = { 1, -2 } }), Bytes<sbyte>(1, -2)),
        (4, Wire(new() { Int32Data = { 1, 65535 } }), Bytes<ushort>(1, 65535)),
        (5, Wire(new() { Int32Data = { 1, -300 } }), Bytes<short>(1, -300)),
        (6, Wire(new() { Int32Data = { 1, -2 } }), Bytes(1, -2)),
        (7, Wire(new() { Int64Data = { 1, -2 } }), Bytes(1L, -2L)),
        (9, Wire(new() { Int32Data = { 1, 0 } }), [1, 0]),
        (10, Wire(new() { Int32Data = { 0x3C00, 0xC000 } }), Bytes((Half)1, (Half)(-2))),
        (11, Wire(new() { DoubleData = { 1, -2 } }), Bytes(1d, -2d)),
        (12, Wire(new() { Uint64Data = { 1, uint.MaxValue } }), Bytes(1u, uint.MaxValue)),
        (13, Wire(new() { Uint64Data = { 1, ulong.MaxValue } }), Bytes(1ul, ulong.MaxValue)),
        (14, Wire(new() { FloatData = { 1, 2, 3, 4 } }), Bytes(1f, 2f, 3f, 4f)),
        (15, Wire(new() { DoubleData = { 1, 2, 3, 4 } }), Bytes(1d, 2d, 3d, 4d)),
        (16, Wire(new() { Int32Data = { 0x3F80, 0xC000 } }), Bytes<ushort>(0x3F80, 0xC000)),
        (17, Wire(new() { Int32Data = { 0x38, 0xC0 } }), [0x38, 0xC0]),
        (22, Wire(new() { Int32Data = { 0x71 } }), [0x71]), // two of four bits: 1 and 7
    ];

    [TestMethod, DynamicData(nameof(ElementTypes))]
    public void Typed_fields_are_written_in_their_own_encoding(int type, byte[] values, byte[] data)
    {
        using var folder = new PatchFolder();
        var tensor = TensorProto.Parser.ParseFrom(values);
        (tensor.Name, tensor.DataType) = ("w", type);
        tensor.Dims.Add(2);
        var model = Of(tensor, Raw("other", 7));
        CollectionAssert.AreEqual(model, folder.Patch(model, "w", [2], data), "own values");

        var zeros = folder.Patch(model, "w", [2], Zeros(data));
        CollectionAssert.AreEqual(model, folder.Patch(zeros, "w", [2], data), "to zero and back");
        Assert.AreEqual(0, ModelProto.Parser.ParseFrom(zeros).Graph.Initializer[0].RawData.Length);
    }

    [TestMethod, DynamicData(nameof(ElementTypes))]
    public void Raw_data_is_written_in_every_element_type(int type, byte[] values, byte[] data)
    {
        _ = values;
        using var folder = new PatchFolder();
        var zeros = new TensorProto { Name = "w", DataType = type, Dims = { 2 }, RawData = ByteString.CopyFrom(Zeros(data)) };
        CollectionAssert.AreEqual(data, folder.PatchedGraph(Of(zeros), "w", [2], data).Initializer[0].RawData.ToByteArray());
    }

    [TestMethod]
    public void Unpacked_integers_stay_unpacked()
    {
        using var folder = new PatchFolder();
        // data_type 7, dims 2, int64_data 5 and 6 with a tag each (0x38)
        byte[] tensor = [0x10, 7, 0x08, 2, 0x38, 5, 0x38, 6, .. Field(8, (byte)'w')];
        byte[] expected = [0x10, 7, 0x08, 2, 0x38, 1, 0x38, 0xAC, 0x02, .. Field(8, (byte)'w')];
        CollectionAssert.AreEqual(Around(expected), folder.Patch(Around(tensor), "w", [2], Bytes(1L, 300L)));
    }

    [TestMethod]
    public void Scalars_and_empty_tensors_are_tensors_too()
    {
        using var folder = new PatchFolder();
        var scalar = new TensorProto { Name = "s", DataType = 1, FloatData = { 1 } };
        var empty = new TensorProto { Name = "e", DataType = 1, Dims = { 0 } };
        var model = Of(scalar, empty);
        CollectionAssert.AreEqual(model, folder.Patch(model, "e", [0], []));
        Assert.AreEqual(2, folder.PatchedGraph(model, "s", [], Bytes(2f)).Initializer[0].FloatData.Single());
    }

    [TestMethod]
    public void Several_tensors_are_patched_at_once()
    {
        using var folder = new PatchFolder();
        var tensors = new Dictionary<string, TensorPatch> { ["b"] = new([1], Bytes(20f)), ["a"] = new([2], Bytes(10f, 11f)) };
        var after = folder.Patch(Of(Raw("a", 1, 2), Raw("b", 3), Raw("c", 4)), new ModelPatch { Tensors = tensors });
        CollectionAssert.AreEqual(Of(Raw("a", 10, 11), Raw("b", 20), Raw("c", 4)), after);
    }

    [TestMethod]
    public void Data_of_another_size_than_the_dimensions_is_refused()
    {
        using var folder = new PatchFolder();
        var refusal = folder.Refusal(Of(Raw("w", 1, 2)), "w", [3], Bytes(1f, 2f));
        Assert.AreEqual("w", refusal.Name);
        StringAssert.Contains(refusal.Message, "takes 12 bytes, and the patch gives 8");
    }

    [TestMethod]
    public void Dimensions_whose_product_overflows_are_refused()
    {
        using var folder = new PatchFolder();
        folder.Refusal(Of(Raw("w", 1)), "w", [long.MaxValue, long.MaxValue, long.MaxValue], Bytes(1f));
        folder.Refusal(Of(Raw("w", 1)), "w", [1L << 32, 1L << 32], []); // 2^64 elements are not none
        folder.Refusal(Of(Raw("w", 1)), "w", [-1, -1], Bytes(1f));
    }

    [TestMethod]
    public void Strings_are_refused()
    {
        using var folder = new PatchFolder();
        StringAssert.Contains(folder.Refusal(Of(new TensorProto { Name = "w", DataType = 8 }), "w", [0], []).Message, "element type 8");
    }

    [TestMethod]
    public void Values_in_two_encodings_are_refused()
    {
        using var folder = new PatchFolder();
        var both = Raw("w", 1);
        both.FloatData.Add(1);
        StringAssert.Contains(folder.Refusal(Of(both), "w", [1], Bytes(1f)).Message, "twice");
    }

    private static byte[] Zeros(IEnumerable<byte> data) => [.. data.Select(_ => (byte)0)];

    private static byte[] Wire(TensorProto tensor) => tensor.ToByteArray();

    private static bool Lies(byte[] file, int index, byte[] element) =>
        Enumerable.Range(index - 3, 4).Any(i => i >= 0 && file.AsSpan(i).StartsWith(element));
}
