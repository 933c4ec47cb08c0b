using Google.Protobuf;
using Sema.Onnx.Graphs.Protobuf;
using static Sema.Onnx.Graphs.Protobuf.AttributeProto.Types;
using static Sema.Onnx.Graphs.Serialization.Protos;

namespace Sema.Onnx.Graphs.Serialization;

[TestClass]
public sealed class ModelReaderTests
{
    [TestMethod]
    public void Nodes_are_put_in_running_order()
    {
        var proto = Model(Node("Neg", ["c"], ["d"]), Node("Exp", ["a"], ["b"]), Node("Add", ["a", "b"], ["c"]));
        proto.Graph.Input.Add(Info("a", 2));
        proto.Graph.Output.Add(Info("d", 2));

        Assert.AreEqual("Exp Add Neg", Operators(Read(proto).Graph));
    }

    [TestMethod]
    public void Node_comes_after_what_its_subgraph_reads()
    {
        var branch = new GraphProto { Name = "branch", Node = { Node("Neg", ["late"], ["r"]) }, Output = { new ValueInfoProto { Name = "r" } } };
        var proto = Model(
            Node("If", ["condition"], ["y"], Branch("then_branch", branch), Branch("else_branch", branch)), Node("Exp", ["x"], ["late"]));
        proto.Graph.Input.AddRange([Info("x", 2), Info("condition")]);
        proto.Graph.Output.Add(Info("y", 2));

        var graph = Read(proto).Graph;

        Assert.AreEqual("Exp If", Operators(graph));
        Assert.AreEqual("late", graph.Nodes[1].Captured.Distinct().Single().Name);
    }

    [TestMethod]
    public void Order_of_the_file_is_kept_where_it_can_run() =>
        Assert.AreEqual("Sin Cos Abs", Operators(Read(WithInput(Node("Sin", ["x"], ["c"]), Node("Cos", ["x"], ["b"]), Node("Abs", ["c"], ["a"]))).Graph));

    [TestMethod]
    [DataRow("value_float", "[]", "Float32")]
    [DataRow("value_floats", "[2]", "Float32")]
    [DataRow("value_int", "[]", "Int64")]
    [DataRow("value_ints", "[3]", "Int64")]
    [DataRow("value", "[1]", "Float32")]
    public void Constant_node_becomes_an_initializer(string form, string shape, string type)
    {
        var attribute = new AttributeProto { Name = form, F = 1.5f, I = 3, Floats = { 1, 2 }, Ints = { 4, 5, 6 }, T = Floats("", 7) };
        var graph = Read(Model(Node("Constant", [], ["c"], attribute), Node("Neg", ["c"], ["y"]))).Graph;

        var value = graph.Find("c")!;

        Assert.AreEqual("Neg", Operators(graph));
        Assert.IsTrue(value.FromConstantNode);
        Assert.AreEqual((shape, type), ($"{value.Shape}", $"{value.Initializer!.Type}"));
    }

    [TestMethod]
    public void Constant_of_a_form_that_no_tensor_holds_stays_a_node()
    {
        var text = new AttributeProto { Name = "value_string", Type = AttributeType.String, S = ByteString.CopyFromUtf8("x") };

        Assert.AreEqual("Constant", Operators(Read(Model(Node("Constant", [], ["c"], text))).Graph));
    }

    [TestMethod]
    public void Initializer_that_is_also_an_input_is_both()
    {
        var proto = Model(Node("Neg", ["w"], ["y"]));
        proto.IrVersion = 3;
        proto.Graph.Input.Add(Info("w", 2));
        proto.Graph.Initializer.Add(Floats("w", 1, 2));

        var graph = Read(proto).Graph;

        Assert.AreSame(graph.Inputs.Single(), graph.Initializers.Single());
        Assert.AreEqual("[2]", $"{graph.Inputs[0].Shape}");
    }

    [TestMethod]
    public void Types_and_shapes_of_the_file_are_read()
    {
        var proto = WithInput(Node("Neg", ["x"], ["h"]), Node("Neg", ["h"], ["y"]));
        proto.Graph.ValueInfo.Add(Info("h", 2, 3));
        proto.Graph.ValueInfo[0].Type.TensorType.Shape.Dim[0] = new() { DimParam = "batch" };
        proto.Graph.ValueInfo[0].Type.TensorType.Shape.Dim.Add(new TensorShapeProto.Types.Dimension());

        var value = Read(proto).Graph.Find("h")!;

        Assert.AreEqual("h: Float32 [batch, 3, ?]", $"{value}");
    }

    [TestMethod]
    public void Attribute_kinds_that_old_files_leave_out_are_told_by_their_field()
    {
        var node = Node("Custom", ["x"], ["y"], new() { Name = "i", I = 1 }, new() { Name = "f", F = 2 },
            new() { Name = "s", S = ByteString.CopyFromUtf8("t") }, new() { Name = "fs", Floats = { 1, 2 } }, new() { Name = "is" });

        var read = Read(WithInput(node)).Graph.Nodes[0];

        Assert.AreEqual((1, 2f, "t"), (read.Int("i", 0), read.Float("f", 0), read.Get<string>("s")));
        Assert.HasCount(2, read.Get<float[]>("fs")!);
        Assert.IsEmpty(read.Ints("is")!);
        Assert.Contains("the attribute 's' is no integer", Assert.ThrowsExactly<InvalidModelException>(() => read.Int("s", 0)).Message);
    }

    [TestMethod]
    public void Cycle_is_named() =>
        Assert.Contains("the graph runs in a cycle", Refused(Model(Node("Neg", ["a"], ["b"]), Node("Neg", ["b"], ["a"]))));

    [TestMethod]
    public void Node_that_reads_itself_is_a_cycle() => Assert.Contains("cycle", Refused(Model(Node("Neg", ["a"], ["a"]))));

    [TestMethod]
    public void Two_nodes_that_make_the_same_value_are_refused() =>
        Assert.Contains("two nodes make 'y'", Refused(WithInput(Node("Neg", ["x"], ["y"]), Node("Exp", ["x"], ["y"]))));

    [TestMethod]
    public void Node_that_makes_an_input_is_refused() =>
        Assert.Contains("The name 'x' is given to two values", Refused(WithInput(Node("Neg", [], ["x"]))));

    [TestMethod]
    public void Two_inputs_or_initializers_of_one_name_are_refused()
    {
        var inputs = WithInput();
        inputs.Graph.Input.Add(Info("x", 2));
        var initializers = Model();
        initializers.Graph.Initializer.AddRange([Floats("w", 1), Floats("w", 2)]);

        Assert.Contains("The name 'x' is given to two values", Refused(inputs));
        Assert.Contains("The name 'w' is given to two values", Refused(initializers));
    }

    [TestMethod]
    public void Missing_value_is_named_with_its_reader()
    {
        Assert.Contains("nothing makes 'z', which node '' (Neg) reads", Refused(Model(Node("Neg", ["z"], ["y"]))));
        var output = WithInput();
        output.Graph.Output.Add(Info("nowhere"));
        Assert.Contains("nothing makes the output 'nowhere'", Refused(output));
    }

    [TestMethod]
    public void Missing_value_in_a_subgraph_is_named()
    {
        var branch = new GraphProto { Name = "branch", Node = { Node("Neg", ["nowhere"], ["r"]) } };

        Assert.Contains("nothing makes 'nowhere'", Refused(WithInput(Node("If", ["x"], ["y"], Branch("then_branch", branch)))));
    }

    [TestMethod]
    [DataRow(nameof(AttributeType.Tensor))]
    [DataRow(nameof(AttributeType.Graph))]
    [DataRow(nameof(AttributeType.SparseTensor))]
    [DataRow(nameof(AttributeType.Tensors))]
    public void Attribute_without_what_it_announces_is_refused(string kind) =>
        Assert.Contains("the attribute 'a' is of kind", Refused(WithInput(Node("Custom", ["x"], ["y"], new AttributeProto { Name = "a", Type = Enum.Parse<AttributeType>(kind) }))));

    [TestMethod]
    public void Sparse_initializer_is_refused()
    {
        var proto = Model();
        proto.Graph.SparseInitializer.Add(new SparseTensorProto { Values = Floats("s", 1) });

        Assert.Contains("the sparse initializer 's' is not read", Refused(proto));
    }

    [TestMethod]
    public void File_without_a_graph_is_refused()
    {
        Assert.Contains("it holds no graph", Refused(new ModelProto()));
        Assert.Contains("it holds no graph", Assert.ThrowsExactly<InvalidModelException>(() => ModelReader.Read(ReadOnlyMemory<byte>.Empty)).Message);
    }

    [TestMethod]
    public void File_that_is_no_model_is_named()
    {
        var path = Path.GetTempFileName();
        File.WriteAllText(path, "This is no model.");

        var e = Assert.ThrowsExactly<InvalidModelException>(() => ModelReader.Read(path));

        Assert.StartsWith($"'{path}' is no ONNX model, or is cut off", e.Message);
        File.Delete(path);
    }

    private static ModelProto WithInput(params NodeProto[] nodes)
    {
        var proto = Model(nodes);
        proto.Graph.Input.Add(Info("x", 2));
        return proto;
    }

    private static AttributeProto Branch(string name, GraphProto graph) => new() { Name = name, Type = AttributeType.Graph, G = graph };

    private static string Operators(Graph graph) => string.Join(' ', graph.Nodes.Select(n => n.OpType));
}
