using Google.Protobuf;
using Sema.Onnx.Graphs.Protobuf;
using static Sema.Onnx.Graphs.Patching.Models;

namespace Sema.Onnx.Graphs.Patching;

/// <summary>Damaged and hostile files: one typed exception, no hang, no great allocation.</summary>
[TestClass]
public sealed class MalformedModelTests
{
    [TestMethod]
    [DataRow(0, "is cut off", new byte[] { 0x80 })]
    [DataRow(1, "is cut off", new byte[] { 0x08, 0xFF })]
    [DataRow(1, "longer than 10 bytes", new byte[] { 0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1 })]
    [DataRow(0, "wire type 3", new byte[] { 0x3B, 0x3C })]
    [DataRow(2, "wire type 4", new byte[] { 0x08, 0x08, 0x3C })]
    [DataRow(0, "wire type 7", new byte[] { 0x3F })]
    [DataRow(0, "field number 0", new byte[] { 0x00 })]
    [DataRow(0, "field number 536870912", new byte[] { 0x80, 0x80, 0x80, 0x80, 0x10 })]
    [DataRow(1, "2147483647 bytes begins where its message has 0 left", new byte[] { 0x3A, 255, 255, 255, 255, 7 })]
    [DataRow(1, "18446744073709551615 bytes", new byte[] { 0x3A, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1 })]
    [DataRow(1, "4 bytes begins where its message has 3 left", new byte[] { 0x0D, 1, 2, 3 })]
    [DataRow(1, "8 bytes begins where its message has 7 left", new byte[] { 0x09, 1, 2, 3, 4, 5, 6, 7 })]
    [DataRow(3, "2 bytes begins where its message has 1 left", new byte[] { 0x3A, 0x03, 0x2A, 0x02, 0x08, 0x08, 0x08 })]
    public void The_exception_says_at_which_byte(int offset, string problem, byte[] model)
    {
        using var folder = new PatchFolder();
        var refusal = folder.Refusal(model, "w", [], Bytes(1f));
        Assert.AreEqual(offset, refusal.Offset);
        StringAssert.Contains(refusal.Message, problem);
    }

    [TestMethod]
    public void Nesting_deeper_than_100_messages_is_refused()
    {
        using var folder = new PatchFolder();
        var graph = new GraphProto { Initializer = { Raw("w", 1) } };
        for (var i = 0; i < 40; i++)
            graph = new() { Node = { new NodeProto { Attribute = { new AttributeProto { G = graph } } } } };
        StringAssert.Contains(folder.Refusal(Of(graph), "w", [1], Bytes(1f)).Message, "nests more than 100");
    }

    [TestMethod]
    public void An_empty_file_is_a_model_without_tensors()
    {
        using var folder = new PatchFolder();
        Assert.AreEqual("w", folder.Refusal([], "w", [], Bytes(1f)).Name);
        var patch = new ModelPatch { AddedInitializers = new Dictionary<string, AddedInitializer> { ["w"] = new(1, [], Bytes(1f)) } };
        Assert.ThrowsExactly<ModelPatchException>(() => folder.Patch([], patch));
    }

    [TestMethod]
    public void A_file_larger_than_protobuf_allows_is_refused()
    {
        using var folder = new PatchFolder();
        using (var file = File.Create(folder.Source))
            file.SetLength(1L << 31); // sparse: no byte of it is on disk
        var refusal = Assert.ThrowsExactly<ModelPatchException>(() => ModelPatcher.Patch(folder.Source, folder.Destination, new ModelPatch()));
        StringAssert.Contains(refusal.Message, "2147483648 bytes");
    }

    [TestMethod]
    public void Every_damaged_byte_and_every_truncation_ends_in_a_model_or_in_the_typed_exception()
    {
        using var folder = new PatchFolder();
        File.WriteAllBytes(folder.From("data.bin"), new byte[64]);
        var model = Victim();
        folder.Patch(model, VictimPatch);

        for (var i = 0; i < model.Length; i++)
        {
            TryPatch(folder, model[..i], $"cut at {i}");
            foreach (var damage in new byte[] { 0x01, 0x02, 0x08, 0x80, 0xFF })
            {
                byte[] damaged = [.. model];
                damaged[i] ^= damage;
                TryPatch(folder, damaged, $"byte {i} ^ {damage}");
            }
        }
    }

    private static void TryPatch(PatchFolder folder, byte[] model, string what)
    {
        File.WriteAllBytes(folder.Source, model);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var succeeded = false;
        try
        {
            ModelPatcher.Patch(folder.Source, folder.Destination, VictimPatch);
            succeeded = true;
        }
        catch (ModelPatchException)
        {
        }
        catch (Exception e)
        {
            Assert.Fail($"{what}: {e}");
        }
        Assert.IsLessThan(4L << 20, GC.GetAllocatedBytesForCurrentThread() - before, what);
        if (succeeded && IsProtobuf(model))
            Assert.IsTrue(IsProtobuf(File.ReadAllBytes(folder.Destination)), $"{what}: the patched model is no protobuf any more");
    }

    private static bool IsProtobuf(byte[] model)
    {
        try
        {
            ModelProto.Parser.ParseFrom(model);
            return true;
        }
        catch (InvalidProtocolBufferException)
        {
            return false;
        }
    }

    private static ModelPatch VictimPatch { get; } = new()
    {
        Tensors = new Dictionary<string, TensorPatch>
        {
            ["w"] = new([2], Bytes(5f, 6f)),
            ["h"] = new([3], Bytes<short>(-5, 6, 7)),
            ["x"] = new([2], Bytes(5f, 6f)),
            ["c"] = new([1], Bytes(5L)),
            ["i"] = new([3], Bytes(5f, 6f, 7f)),
        },
        ValueShapes = new Dictionary<string, IReadOnlyList<long?>> { ["y"] = [null, 3] },
        AddedInitializers = new Dictionary<string, AddedInitializer> { ["w.ema"] = new(1, [1], Bytes(5f)) },
    };

    private static byte[] Victim()
    {
        var body = new GraphProto { Node = { Constant("i", new() { Name = "value", T = Raw("", 1, 2) }) } };
        var branch = new NodeProto { OpType = "If", Output = { "y" }, Attribute = { new AttributeProto { Name = "then_branch", G = body } } };
        var graph = new GraphProto
        {
            Initializer =
            {
                Raw("w", 1, 2),
                new TensorProto { Name = "h", DataType = 5, Dims = { 2 }, Int32Data = { 1, -2 } },
                External("x", 2, ("location", "data.bin"), ("offset", "8"), ("length", "8")),
            },
            Node = { Constant("c", new() { Name = "value_ints", Ints = { 1, 300 } }), branch },
            Output = { Value("y", -1, 2) },
        };
        return [.. Of(graph), .. Field(99, 1, 2)];
    }
}
