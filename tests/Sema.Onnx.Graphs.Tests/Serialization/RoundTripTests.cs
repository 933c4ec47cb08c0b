using Sema.Onnx.Graphs.Autodiff;
using Sema.Onnx.Graphs.Functions;
using Sema.Onnx.Graphs.Protobuf;

namespace Sema.Onnx.Graphs.Serialization;

[TestClass]
public sealed class RoundTripTests
{
    [TestMethod]
    public void Model_is_the_same_after_writing_and_reading()
    {
        var first = ModelWriter.Write(Everything());

        var model = ModelReader.Read(first);

        CollectionAssert.AreEqual(first, ModelWriter.Write(model));
        Assert.AreEqual("[batch, 2]", $"{model.Graph.Inputs[0].Shape}");
        Assert.AreEqual((10, 21, "tests", "v"), (model.IrVersion, model.StandardOpset, model.Producer, model.Metadata["k"]));
        Assert.AreEqual("Relu Twice If CrossEntropy", string.Join(' ', model.Graph.Nodes.Select(n => n.OpType)));
        Assert.AreEqual("relu", model.Graph.Nodes[0].Name);
    }

    [TestMethod]
    public void Every_kind_of_attribute_is_kept()
    {
        var graph = new Graph("attributes");
        Attribute[] attributes =
        [
            ("int", 1L), ("float", 2.5f), ("string", "ä"), ("ints", [1L, -2L]), ("none", Array.Empty<long>()), ("tensor", Tensor.Vector(3)),
            new("floats", Halves()), new("strings", Names()),
        ];
        graph.Outputs.AddRange(graph.AddNode("Custom", "my.domain", [], attributes, 1).Outputs!);

        var node = ModelReader.Read(ModelWriter.Write(new Model(graph))).Graph.Nodes[0];

        Assert.AreEqual((1, 2.5f, "ä"), (node.Int("int", 0), node.Float("float", 0), node.Get<string>("string")));
        Assert.AreEqual("1,-2", string.Join(',', node.Ints("ints")!));
        Assert.IsEmpty(node.Ints("none")!);
        Assert.AreEqual(3, node.Get<Tensor>("tensor")!.ToInt64()[0]);
        Assert.AreEqual("0.5,1.5", string.Join(',', node.Get<float[]>("floats")!));
        Assert.AreEqual("a,b", string.Join(',', node.Get<string[]>("strings")!));
        Assert.AreEqual("my.domain.Custom", node.QualifiedType);

        static float[] Halves() => [0.5f, 1.5f];

        static string[] Names() => ["a", "b"];
    }

    [TestMethod]
    public void Absent_optional_inputs_and_outputs_are_kept_and_trailing_ones_left_out()
    {
        var graph = new Graph("optional");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(2));
        var node = graph.AddNode("Custom", "", [x, null, x, null], [], 3);
        node.Outputs[0] = null;

        var read = ModelReader.Read(ModelWriter.Write(new Model(graph))).Graph.Nodes[0];

        Assert.AreEqual("x - x", string.Join(' ', read.Inputs.Select(i => i?.Name ?? "-")));
        Assert.AreEqual("- Custom_1 Custom_2", string.Join(' ', read.Outputs.Select(o => o?.Name ?? "-")));
    }

    [TestMethod]
    public void Function_keeps_its_own_operator_set_and_the_defaults_of_its_attributes()
    {
        var proto = Protos.Model();
        proto.Functions.Add(new FunctionProto
        {
            Domain = "my",
            Name = "Scaled",
            Input = { "x" },
            Output = { "y" },
            Attribute = { "must" },
            AttributeProto = { new AttributeProto { Name = "may", Type = AttributeProto.Types.AttributeType.Float, F = 2 } },
            OpsetImport = { new OperatorSetIdProto { Domain = "ai.onnx", Version = 18 } },
            Node = { Protos.Node("Neg", ["x"], ["y"]) },
        });

        var written = ModelProto.Parser.ParseFrom(ModelWriter.Write(Protos.Read(proto))).Functions.Single();

        proto.Functions[0].OpsetImport[0].Domain = "";
        Assert.AreEqual(proto.Functions[0], written);
    }

    [TestMethod]
    public void Initializers_in_a_data_file_are_read_back()
    {
        var folder = Directory.CreateTempSubdirectory("sema").FullName;
        var graph = new Graph("external");
        graph.Outputs.Add(graph.AddInitializer("w", Tensor.Floats([2], [1, 2])).Identity());
        File.WriteAllBytes(Path.Combine(folder, "w.bin"), [9, .. graph.Find("w")!.Initializer!.Data.Span]);
        var path = Path.Combine(folder, "model.onnx");
        File.WriteAllBytes(path, ModelWriter.Write(new Model(graph), new Dictionary<string, ExternalSlice> { ["w"] = new("w.bin", 1, ElementType.Float32, [2]) }));

        var read = ModelReader.Read(path);

        Assert.AreEqual("1 2", string.Join(' ', read.Graph.Find("w")!.Initializer!.ToFloat64()));
        Directory.Delete(folder, recursive: true);
    }

    [TestMethod]
    public void Read_model_computes_what_it_computed_before()
    {
        var graph = GradientCheck.GradientGraph(GradientCases.Of("Conv")[5]);
        var feeds = graph.Inputs.ToDictionary(i => i.Name, i => new Operand(i.KnownShape.Sizes).Draw(new Random(1), i.Type));

        using var written = new OnnxRunner(ModelWriter.Write(OnnxRunner.ModelOf(graph)));
        using var again = new OnnxRunner(ModelWriter.Write(ModelReader.Read(ModelWriter.Write(OnnxRunner.ModelOf(graph)))));

        var results = again.Run(feeds);
        foreach (var (name, expected) in written.Run(feeds))
            CollectionAssert.AreEqual(expected.ToFloat64(), results[name].ToFloat64(), name);
    }

    // Whatever a damaged file makes the reader do, it ends in a model or in one sentence.
    [TestMethod]
    public void Damaged_file_is_read_or_refused()
    {
        var file = ModelWriter.Write(Everything());
        for (var length = 0; length < file.Length; length++)
            ReadOrRefuse(file.AsMemory(0, length));
        for (var i = 0; i < file.Length; i++)
        {
            foreach (var flip in new byte[] { 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xFF })
            {
                byte[] damaged = [.. file];
                damaged[i] ^= flip;
                ReadOrRefuse(damaged);
            }
        }
    }

    private static void ReadOrRefuse(ReadOnlyMemory<byte> file)
    {
        try
        {
            _ = ModelWriter.Write(ModelReader.Read(file));
        }
        catch (InvalidModelException e)
        {
            Assert.IsTrue(e.Message[^1] is '.' or '?', e.Message);
        }
    }

    private static Model Everything()
    {
        var graph = new Graph("everything");
        var x = graph.AddInput("x", ElementType.Float32, new Shape(new Dimension(-1, "batch"), new Dimension(2)));
        var (target, condition) = (graph.AddInput("target", ElementType.Int64, null), graph.AddInput("condition", ElementType.Bool, Shape.Of()));
        var relu = graph.Emit("Relu", [x]);
        relu.Producer!.Name = "relu";
        var twice = graph.AddNode("Twice", "my", [relu], [], 1).Output;
        var chosen = graph.AddNode("If", "", [condition], [Branch("then_branch", 1), Branch("else_branch", -1)], 1).Output;
        graph.Outputs.AddRange(graph.CallAll("CrossEntropy", [chosen, target], 2, ("ignore_index", -100), ("label_smoothing", 0.1f))!);
        var model = new Model(graph) { Producer = "tests", Opsets = { [""] = 21, ["my"] = 1 }, Metadata = { ["k"] = "v" } };
        model.Functions.Add(FunctionBuilder.Define("Twice", ["x"], [], f => [f[0] + f[0]]) with { Domain = "my" });
        SemaFunctions.Attach(model);
        return model;

        Attribute Branch(string name, float factor)
        {
            var body = new Graph(name, graph);
            body.Outputs.Add(body.AddNode("Mul", "", [twice, body.AddInitializer($"{name}_factor", Tensor.Floats([], [factor]))], [], 1).Output);
            return new(name, body);
        }
    }
}
