using Google.Protobuf;
using Sema.Onnx.Graphs.Protobuf;
using static Sema.Onnx.Graphs.Patching.Models;

namespace Sema.Onnx.Graphs.Patching;

/// <summary>A new head: tensors and values that change their dimensions, and tensors that are new.</summary>
[TestClass]
public sealed class ResizeTests
{
    [TestMethod]
    public void Another_size_corrects_all_lengths_and_keeps_the_order_of_the_fields()
    {
        using var folder = new PatchFolder();
        var data = Bytes([.. Enumerable.Range(0, 60).Select(i => (float)i)]); // 240 bytes: the lengths around need a byte more
        byte[] before = [.. Field(9, Bytes(1f, 2f)), .. Field(77, 9), .. Header("w"), .. Field(78, 9)];
        byte[] header = [0x08, 20, 0x08, 3, .. Header("w")[2..]]; // dims 20 and 3 for 2
        byte[] after = [.. Field(9, data), .. Field(77, 9), .. header, .. Field(78, 9)];
        CollectionAssert.AreEqual(Around(after), folder.Patch(Around(before), "w", [20, 3], data));
    }

    [TestMethod]
    public void Raw_data_next_to_the_dimensions_comes_out_in_order()
    {
        using var folder = new PatchFolder();
        byte[] name = Field(8, (byte)'w');
        byte[] before = [0x10, 1, .. name, .. Field(9, Bytes(1f)), 0x08, 1];
        byte[] after = [0x10, 1, .. name, .. Field(9, Bytes(1f, 2f)), 0x08, 2];
        CollectionAssert.AreEqual(Around(after), folder.Patch(Around(before), "w", [2], Bytes(1f, 2f)));

        byte[] scalar = [0x10, 1, .. name, .. Field(9, Bytes(1f))];
        CollectionAssert.AreEqual(Around(after), folder.Patch(Around(scalar), "w", [2], Bytes(1f, 2f)));
    }

    [TestMethod, DynamicData(nameof(InPlaceTests.Layouts), typeof(InPlaceTests))]
    public void Every_layout_takes_another_size(string layout, byte[] tensor)
    {
        using var folder = new PatchFolder();
        var patched = folder.PatchedGraph(Around(tensor), "w", [3, 1], Bytes(5f, 6f, 7f)).Initializer.Single();
        CollectionAssert.AreEqual(new long[] { 3, 1 }, patched.Dims, layout);
        var values = patched.FloatData.Count > 0 ? Bytes([.. patched.FloatData]) : patched.RawData.ToByteArray();
        CollectionAssert.AreEqual(Bytes(5f, 6f, 7f), values, layout);

        var empty = folder.PatchedGraph(Around(tensor), "w", [0], []).Initializer.Single();
        Assert.AreEqual(0, empty.FloatData.Count + empty.RawData.Length, layout);
    }

    [TestMethod, DynamicData(nameof(InPlaceTests.Layouts), typeof(InPlaceTests))]
    public void The_way_back_gives_a_model_equal_to_the_first(string layout, byte[] tensor)
    {
        using var folder = new PatchFolder();
        var before = Around(tensor);
        var there = folder.Patch(before, "w", [100], new byte[400]);
        var back = folder.Patch(there, "w", [2], Bytes(1f, 2f));
        Assert.AreEqual(ModelProto.Parser.ParseFrom(before), ModelProto.Parser.ParseFrom(back), layout);
    }

    [TestMethod]
    public void Values_take_the_shapes_given()
    {
        using var folder = new PatchFolder();
        var graph = new GraphProto
        {
            Input = { Value("x", -1, 4) },
            Output = { Value("y", -1, 1000) },
            ValueInfo = { Value("h", -1, 1000), Value("z", 1000) },
        };
        var shapes = new Dictionary<string, IReadOnlyList<long?>> { ["x"] = [3, null], ["y"] = [null, 10], ["h"] = [null, 10] };
        var patched = ModelProto.Parser.ParseFrom(folder.Patch(Of(graph), new ModelPatch { ValueShapes = shapes })).Graph;

        var expected = new GraphProto
        {
            Input = { Value("x", -1, 4) },
            Output = { Value("y", -1, 10) },
            ValueInfo = { Value("h", -1, 10), Value("z", 1000) },
        };
        expected.Input[0].Type.TensorType.Shape.Dim[0].DimValue = 3; // the denotation stays
        Assert.AreEqual(expected, patched);
    }

    [TestMethod]
    public void A_shape_that_is_already_declared_changes_nothing()
    {
        using var folder = new PatchFolder();
        var model = Of(new GraphProto { Output = { Value("y", -1, 10), new ValueInfoProto { Name = "shapeless" } } });
        var shapes = new Dictionary<string, IReadOnlyList<long?>> { ["y"] = [null, 10], ["shapeless"] = [1] };
        CollectionAssert.AreEqual(model, folder.Patch(model, new ModelPatch { ValueShapes = shapes }));
    }

    [TestMethod]
    public void A_graph_input_follows_its_initializer()
    {
        using var folder = new PatchFolder();
        var graph = new GraphProto { Initializer = { Raw("w", 1, 2) }, Input = { Value("w", 2) } }; // as IR 3 has it
        var patched = folder.PatchedGraph(Of(graph), "w", [3], Bytes(1f, 2f, 3f));
        Assert.AreEqual(new GraphProto { Initializer = { Raw("w", 1, 2, 3) }, Input = { Value("w", 3) } }, patched);
    }

    [TestMethod]
    public void A_shape_of_another_rank_or_of_an_unknown_value_is_refused()
    {
        using var folder = new PatchFolder();
        var model = Of(new GraphProto { Output = { Value("y", -1, 10) } });
        foreach (var (name, dims) in new (string, long?[])[] { ("y", [10]), ("nobody", [10]), ("y", [null, -1]) })
        {
            var patch = new ModelPatch { ValueShapes = new Dictionary<string, IReadOnlyList<long?>> { [name] = dims } };
            Assert.AreEqual(name, Assert.ThrowsExactly<ModelPatchException>(() => folder.Patch(model, patch)).Name);
        }
    }

    [TestMethod]
    public void Added_initializers_are_appended_to_the_graph()
    {
        using var folder = new PatchFolder();
        var added = new Dictionary<string, AddedInitializer> { ["w.ema"] = new(1, [2, 1], Bytes(5f, 6f)), ["s"] = new(7, [], Bytes(3L)) };
        var patched = ModelProto.Parser.ParseFrom(folder.Patch(Of(Raw("w", 1, 2)), new ModelPatch { AddedInitializers = added })).Graph;

        var scalar = new TensorProto { Name = "s", DataType = 7, RawData = ByteString.CopyFrom(Bytes(3L)) };
        var shadow = new TensorProto { Name = "w.ema", DataType = 1, Dims = { 2, 1 }, RawData = ByteString.CopyFrom(Bytes(5f, 6f)) };
        Assert.AreEqual(new GraphProto { Initializer = { Raw("w", 1, 2), scalar, shadow } }, patched);
    }

    [TestMethod]
    public void Head_and_shadow_meet_at_one_offset()
    {
        using var folder = new PatchFolder();
        var patch = new ModelPatch
        {
            Tensors = new Dictionary<string, TensorPatch> { ["w"] = new([2], Bytes(1f, 2f)) },
            AddedInitializers = new Dictionary<string, AddedInitializer> { ["v"] = new(1, [1], Bytes(9f)) },
        };
        var last = new TensorProto { Name = "w", DataType = 1, Dims = { 0 } }; // its data, and the new tensor, begin where the graph ends
        var patched = ModelProto.Parser.ParseFrom(folder.Patch(Of(last), patch)).Graph;
        Assert.AreEqual(new GraphProto { Initializer = { Raw("w", 1, 2), Raw("v", 9) } }, patched);
    }

    [TestMethod]
    [DataRow("w"), DataRow("x"), DataRow("out"), DataRow("inner"), DataRow("")]
    public void An_added_name_that_is_taken_is_refused(string name)
    {
        using var folder = new PatchFolder();
        var body = new GraphProto { Initializer = { Raw("inner", 1) } };
        var node = new NodeProto { OpType = "If", Output = { "out" }, Attribute = { new AttributeProto { Name = "then_branch", G = body } } };
        var model = Of(new GraphProto { Initializer = { Raw("w", 1) }, Input = { Value("x", 1) }, Node = { node } });
        var patch = new ModelPatch { AddedInitializers = new Dictionary<string, AddedInitializer> { [name] = new(1, [1], Bytes(1f)) } };
        Assert.AreEqual(name, Assert.ThrowsExactly<ModelPatchException>(() => folder.Patch(model, patch)).Name);
    }
}
