using Google.Protobuf;
using Sema.Onnx.Graphs.Protobuf;
using static Sema.Onnx.Graphs.Patching.Models;

namespace Sema.Onnx.Graphs.Patching;

/// <summary>Weights that are no initializers of the top-level graph.</summary>
[TestClass]
public sealed class ConstantAndScopeTests
{
    [TestMethod]
    public void A_constant_node_is_patched_by_the_name_of_its_output()
    {
        using var folder = new PatchFolder();
        var before = new GraphProto { Node = { Constant("c", new() { Name = "value", T = Raw("", 1, 2) }) } };
        var after = new GraphProto { Node = { Constant("c", new() { Name = "value", T = Raw("", 5, 6, 7) }) } };
        Assert.AreEqual(after, folder.PatchedGraph(Of(before), "c", [3], Bytes(5f, 6f, 7f)));
    }

    /// <summary>The attributes without a tensor, before and after, as <c>AttributeProto</c>.</summary>
    public static IEnumerable<(byte[], long[], byte[], byte[])> Forms =>
    [
        (Wire(new() { Name = "value_float", F = 1 }), [], Bytes(2f), Wire(new() { Name = "value_float", F = 2 })),
        (Wire(new() { Name = "value_int", I = 1 }), [], Bytes(-2L), Wire(new() { Name = "value_int", I = -2 })),
        (Wire(new() { Name = "value_int" }), [], Bytes(5L), Wire(new() { Name = "value_int", I = 5 })), // a writer that leaves zeros out
        (Wire(new() { Name = "value_floats", Floats = { 1, 2 } }), [2], Bytes(3f, 4f), Wire(new() { Name = "value_floats", Floats = { 3, 4 } })),
        (Wire(new() { Name = "value_floats", Floats = { 1, 2 } }), [1], Bytes(3f), Wire(new() { Name = "value_floats", Floats = { 3 } })),
        (Wire(new() { Name = "value_ints", Ints = { 1, 2 } }), [3], Bytes(3L, 300L, -1L), Wire(new() { Name = "value_ints", Ints = { 3, 300, -1 } })),
    ];

    [TestMethod, DynamicData(nameof(Forms))]
    public void Attributes_that_hold_the_numbers_themselves_are_patched(byte[] before, long[] dims, byte[] data, byte[] after)
    {
        using var folder = new PatchFolder();
        var graph = new GraphProto { Node = { Constant("c", AttributeProto.Parser.ParseFrom(before)) } };
        var expected = new GraphProto { Node = { Constant("c", AttributeProto.Parser.ParseFrom(after)) } };
        Assert.AreEqual(expected, folder.PatchedGraph(Of(graph), "c", dims, data));
    }

    [TestMethod]
    public void A_list_that_changes_its_length_takes_its_declared_shape_along()
    {
        using var folder = new PatchFolder();
        var ints = new AttributeProto { Name = "value_ints", Ints = { 1, 2 } };
        var floats = new AttributeProto { Name = "value_floats", Floats = { 1, 2 } };
        foreach (var (attribute, size) in new[] { (ints, sizeof(long)), (floats, sizeof(float)) })
        {
            var graph = new GraphProto { Node = { Constant("c", attribute) }, ValueInfo = { Value("c", -1) } };
            var same = folder.PatchedGraph(Of(graph), "c", [2], new byte[2 * size]);
            var longer = folder.PatchedGraph(Of(graph), "c", [3], new byte[3 * size]);
            Assert.AreEqual(graph.ValueInfo[0], same.ValueInfo[0]);
            Assert.AreEqual(3, longer.ValueInfo[0].Type.TensorType.Shape.Dim[0].DimValue);
        }
    }

    [TestMethod]
    public void A_scalar_attribute_takes_no_dimensions()
    {
        using var folder = new PatchFolder();
        folder.Refusal(Of(new GraphProto { Node = { Constant("c", new() { Name = "value_float", F = 1 }) } }), "c", [1], Bytes(1f));
    }

    [TestMethod]
    public void Weights_of_subgraphs_are_found_at_any_depth()
    {
        using var folder = new PatchFolder();
        var model = Of(Nested(new GraphProto { Node = { Nested(Weights(1)).Node } }));
        Assert.AreEqual(Nested(Nested(Weights(7))), folder.PatchedGraph(folder.Patch(model, "w", [1], Bytes(7f)), "c", [1], Bytes(7f)));

        var longer = folder.PatchedGraph(model, "w", [200], new byte[800]);
        Assert.AreEqual(200, longer.Node[0].Attribute[0].G.Node[0].Attribute[0].G.Initializer[0].Dims.Single());

        static GraphProto Weights(float value) =>
            new() { Initializer = { Raw("w", value) }, Node = { Constant("c", new() { Name = "value", T = Raw("", value) }) } };
    }

    [TestMethod]
    public void The_top_level_wins_over_a_subgraph()
    {
        using var folder = new PatchFolder();
        var graph = Nested(new GraphProto { Initializer = { Raw("w", 1) } });
        graph.Initializer.Add(Raw("w", 2));
        var patched = folder.PatchedGraph(Of(graph), "w", [1], Bytes(7f));
        Assert.AreEqual(Raw("w", 7), patched.Initializer[0]);
        Assert.AreEqual(graph.Node[0], patched.Node[0]);
    }

    [TestMethod]
    public void A_name_in_two_subgraphs_is_ambiguous()
    {
        using var folder = new PatchFolder();
        var graph = Nested(new GraphProto { Initializer = { Raw("w", 1) } });
        graph.Node.Add(graph.Node[0].Clone());
        StringAssert.Contains(folder.Refusal(Of(graph), "w", [1], Bytes(7f)).Message, "ambiguous");
    }

    [TestMethod]
    public void The_way_to_a_tensor_tells_equal_names_apart()
    {
        using var folder = new PatchFolder();
        var graph = Nested(Nested(new GraphProto { Initializer = { Raw("w", 1) }, Node = { Constant("c", new() { Name = "value", T = Raw("", 1) }) } }));
        graph.Node.Add(graph.Node[0].Clone());
        graph.Node[1].Output[0] = "z";
        var expected = graph.Clone();
        expected.Node[1].Attribute[0].G.Node[0].Attribute[0].G.Initializer[0] = Raw("w", 7);
        expected.Node[0].Attribute[0].G.Node[0].Attribute[0].G.Node[0].Attribute[0].T = Raw("", 8);

        var patched = folder.Patch(Of(graph), "z.then_branch/y.then_branch/w", [1], Bytes(7f));

        Assert.AreEqual(expected, folder.PatchedGraph(patched, "y.then_branch/y.then_branch/c", [1], Bytes(8f)));
    }

    [TestMethod]
    public void A_name_that_the_model_lacks_is_refused()
    {
        using var folder = new PatchFolder();
        var function = new FunctionProto { Name = "f", Node = { Constant("local", new() { Name = "value_float", F = 1 }) } };
        var model = new ModelProto { Graph = new() { Input = { Value("x", 1) } }, Functions = { function } };
        foreach (var name in new[] { "x", "local", "" })
            Assert.AreEqual(name, folder.Refusal(model.ToByteArray(), name, [], Bytes(1f)).Name);
        Assert.IsEmpty(folder.Written());
    }

    [TestMethod]
    public void A_custom_operator_called_Constant_is_left_alone()
    {
        using var folder = new PatchFolder();
        var node = Constant("c", new() { Name = "value_float", F = 1 });
        node.Domain = "com.example";
        folder.Refusal(Of(new GraphProto { Node = { node } }), "c", [], Bytes(1f));
    }

    private static byte[] Wire(AttributeProto attribute) => attribute.ToByteArray();

    private static GraphProto Nested(GraphProto body) =>
        new() { Node = { new NodeProto { OpType = "If", Output = { "y" }, Attribute = { new AttributeProto { Name = "then_branch", G = body } } } } };
}
