using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Serialization;

namespace Sema.Onnx.Runtime;

[TestClass]
public sealed class ShapeProbeTests
{
    private static readonly Dictionary<string, long> NoSizes = [];

    [TestMethod]
    public void Shapes_computed_from_a_symbolic_axis_become_static()
    {
        // [batch, 2, 12] -> [batch · 2, 12] -> MatMul [12, 20] -> [batch, 2, 4, 5]: both targets come from Shape of the input.
        var model = TestModels.Model(g =>
        {
            var x = g.AddInput("x", ElementType.Float32, new Shape(new Dimension(-1, "batch"), new(2), new(12)));
            var w = g.AddInitializer("w", Tensor.Floats([12, 20], TestModels.Random(1, 240)));
            var batch = g.Emit("Gather", [x.DynamicShape(), g.Vector(0)]);
            var rows = g.Emit("Mul", [batch, g.Vector(2)]);
            var flat = g.Emit("Reshape", [x, Operators.Concat([rows, g.Vector(12)], 0)]);
            var y = g.Emit("MatMul", [flat, w]);
            return [(g.Emit("Reshape", [y, Operators.Concat([batch, g.Vector(2, 4, 5)], 0)]), "y")];
        });
        foreach (var value in model.Graph.Values.Where(v => v.Producer is not null))
            (value.Type, value.Shape) = (ElementType.Undefined, null);

        ShapeProbe.Annotate(model, new Dictionary<string, long> { ["batch"] = 3 });

        Assert.AreEqual(Shape.Of(3, 2, 12), model.Graph.Find("x")!.Shape);
        Assert.AreEqual(Shape.Of(3, 2, 4, 5), model.Graph.Find("y")!.Shape);
        Assert.AreEqual(Shape.Of(6, 20), Output(model, "MatMul").Shape);
        Assert.AreEqual((ElementType.Int64, Shape.Of(1)), (Output(model, "Gather").Type, Output(model, "Gather").Shape));
        Assert.IsTrue(model.Graph.Values.All(v => v.Shape is { IsStatic: true }));
    }

    [TestMethod]
    public void Sizes_that_are_not_given_stay_open_under_their_symbol()
    {
        var model = TestModels.Model(g =>
        {
            var x = g.AddInput("x", ElementType.Float32, new Shape(new Dimension(-1, "batch"), new(-1), new(4)));
            return [(g.Emit("Relu", [x]), "y")];
        });
        ShapeProbe.Annotate(model, NoSizes);
        Assert.AreEqual(new Shape(new Dimension(-1, "batch"), new(-1, "x:1"), new(4)), model.Graph.Find("y")!.Shape);
    }

    [TestMethod]
    public void An_axis_without_a_symbol_is_fixed_by_input_and_number()
    {
        var model = TestModels.Model(g => [(g.Emit("Relu", [g.AddInput("x", ElementType.Float32, Shape.Of(4, -1))]), "y")]);
        ShapeProbe.Annotate(model, new Dictionary<string, long> { ["x:1"] = 6 });
        Assert.AreEqual(Shape.Of(4, 6), model.Graph.Find("y")!.Shape);
    }

    [TestMethod]
    public void What_is_computed_from_weights_alone_has_its_shape_too()
    {
        var model = TestModels.Model(g =>
        {
            var x = g.AddInput("x", ElementType.Float32, Shape.Of(2, 30));
            var large = g.Emit("Transpose", [g.AddInitializer("large", Tensor.Floats([20, 30], TestModels.Random(1, 600)))]);
            var small = g.Emit("Exp", [g.AddInitializer("small", Tensor.Floats([1, 3], [1, 2, 3]))]);
            return [(g.Emit("MatMul", [x, large]), "y"), (small, "s")];
        });
        foreach (var value in model.Graph.Values.Where(v => v.Producer is not null))
            value.Shape = null;
        ShapeProbe.Annotate(model, NoSizes);
        Assert.AreEqual(Shape.Of(30, 20), Output(model, "Transpose").Shape);
        Assert.AreEqual(Shape.Of(1, 3), Output(model, "Exp").Shape);
        Assert.AreEqual(Shape.Of(20, 30), model.Graph.Find("large")!.Shape);
    }

    [TestMethod]
    public void The_scales_of_a_resize_stay_constant()
    {
        var model = TestModels.Model(g =>
        {
            var x = g.AddInput("x", ElementType.Float32, Shape.Of(1, 3, 4, 5));
            return [(g.Emit("Resize", [x, null, g.AddInitializer("scales", Tensor.Floats([4], [1, 1, 2, 3]))]), "y")];
        });
        ShapeProbe.Annotate(model, NoSizes);
        Assert.AreEqual(Shape.Of(1, 3, 8, 15), model.Graph.Find("y")!.Shape);
    }

    [TestMethod]
    public void Absent_outputs_are_passed_over()
    {
        // LSTM: Y is absent, Y_h [1, batch, 4] is taken.
        var model = TestModels.Model(g =>
        {
            var x = g.AddInput("x", ElementType.Float32, Shape.Of(7, 2, 3));
            var w = g.AddInitializer("w", Tensor.Floats([1, 16, 3], new float[48]));
            var r = g.AddInitializer("r", Tensor.Floats([1, 16, 4], new float[64]));
            var lstm = g.AddNode("LSTM", "", [x, w, r], [("hidden_size", 4L)], 2);
            g.Remove(lstm.Outputs[0]!);
            lstm.Outputs[0] = null;
            return [(lstm.Outputs[1]!, "h")];
        });
        ShapeProbe.Annotate(model, NoSizes);
        Assert.AreEqual(Shape.Of(1, 2, 4), model.Graph.Find("h")!.Shape);
    }

    [TestMethod]
    public void Sequences_are_passed_over()
    {
        var model = TestModels.Model(g =>
        {
            var x = g.AddInput("x", ElementType.Float32, Shape.Of(2, 3));
            var sequence = g.Emit("SequenceConstruct", [x, x]).As(ElementType.Undefined);
            return [(g.Emit("ConcatFromSequence", [sequence], ("axis", 0L)).As(ElementType.Undefined), "y")];
        });
        ShapeProbe.Annotate(model, NoSizes);
        Assert.AreEqual((ElementType.Undefined, null), (Output(model, "SequenceConstruct").Type, Output(model, "SequenceConstruct").Shape));
        Assert.AreEqual(ElementType.Float32, model.Graph.Find("y")!.Type);
    }

    [TestMethod]
    public void The_branches_of_an_If_may_read_weights_from_outside()
    {
        var model = TestModels.Model(g =>
        {
            var condition = g.AddInput("condition", ElementType.Bool, Shape.Of());
            var w = g.AddInitializer("w", Tensor.Floats([5, 6], new float[30]));
            return [(g.Emit("If", [condition], new Graphs.Attribute("then_branch", Branch("Exp")), new("else_branch", Branch("Neg")))
                .As(ElementType.Undefined), "y")];

            Graph Branch(string op)
            {
                var branch = new Graph(op, g);
                var y = branch.Emit(op, [w]);
                branch.Outputs.Add(y);
                return branch;
            }
        });
        ShapeProbe.Annotate(model, NoSizes);
        Assert.AreEqual((ElementType.Float32, Shape.Of(5, 6)), (model.Graph.Find("y")!.Type, model.Graph.Find("y")!.Shape));
    }

    [TestMethod]
    public void Functions_of_the_model_are_looked_through()
    {
        var body = new Graph("Twice") { IsFunctionBody = true };
        var a = body.AddInput("a", ElementType.Undefined, null);
        var b = body.AddInput("b", ElementType.Undefined, null);
        body.Outputs.Add(body.Emit("MatMul", [a, b]));
        var model = TestModels.Model(g =>
        {
            var x = g.AddInput("x", ElementType.Float32, TestModels.Axes("batch", "width"));
            var w = g.AddInitializer("w", Tensor.Floats([3, 8], new float[24]));
            return [(g.AddNode("Twice", Model.SemaDomain, [x, w], [], 1).Output, "y")];
        });
        model.Opsets[Model.SemaDomain] = 1;
        model.Functions.Add(new(Model.SemaDomain, "Twice", [], body));
        ShapeProbe.Annotate(model, new Dictionary<string, long> { ["batch"] = 2, ["width"] = 3 });
        Assert.AreEqual(Shape.Of(2, 8), model.Graph.Find("y")!.Shape);
    }

    [TestMethod]
    public void A_shape_that_only_the_file_knows_is_kept()
    {
        var model = TestModels.Model(g =>
        {
            var x = g.AddInput("x", ElementType.Float32, Shape.Of(4));
            var y = g.Emit("Reshape", [x, g.AddInput("shape", ElementType.Int64, TestModels.Axes("rank"))]);
            y.Shape = Shape.Of(2, 2);
            return [(y, "y")];
        });
        ShapeProbe.Annotate(model, NoSizes);
        Assert.AreEqual(Shape.Of(2, 2), model.Graph.Find("y")!.Shape);
    }

    [TestMethod]
    public void The_graph_itself_is_left_as_it_is()
    {
        var model = ModelReader.Read(TestModels.Doubled);
        var before = ModelWriter.Write(model);
        ShapeProbe.Annotate(model, NoSizes);
        CollectionAssert.AreEqual(before, ModelWriter.Write(model));
    }

    [TestMethod]
    public void Inconsistent_shapes_are_refused_in_a_sentence()
    {
        var model = TestModels.Model(g =>
        {
            var x = g.AddInput("x", ElementType.Float32, Shape.Of(2, 3));
            return [(g.Emit("MatMul", [x, g.AddInput("w", ElementType.Float32, Shape.Of(2, 4))]), "y")];
        });
        var error = Assert.ThrowsExactly<RuntimeException>(() => ShapeProbe.Annotate(model, NoSizes));
        Assert.EndsWith("Incompatible dimensions for matrix multiplication.", error.Message);
    }

    private static Value Output(Model model, string op) => model.Graph.Nodes.Single(n => n.OpType == op).Output;
}
