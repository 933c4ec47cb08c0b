namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class AnnotateBodiesTests
{
    private readonly Graph _graph = new("outer");
    private readonly Value _x;

    public AnnotateBodiesTests() => _x = _graph.AddInput("x", ElementType.Float32, Shape.Of(2, 3));

    [TestMethod]
    public void State_that_keeps_its_shape_has_it_inside_and_after_the_loop()
    {
        var loop = BodyGraphs.Loop(_graph, _graph.Integer(4), _x, (b, v) => b.Emit("Relu", [v]));
        var after = loop.Output.Transpose(1, 0);

        OnnxRunner.InferShapes(_graph);

        Assert.AreEqual("[2, 3]", $"{loop.Body("body").Nodes[^1].Output.Shape}");
        Assert.AreEqual((ElementType.Float32, "[3, 2]"), (after.Type, $"{after.Shape}"));
    }

    [TestMethod]
    public void State_that_grows_has_an_open_size()
    {
        var loop = BodyGraphs.Loop(_graph, _graph.Integer(4), _x, (b, v) => b.Emit("Concat", [v, v], ("axis", 1L)));
        var after = loop.Output.Transpose(1, 0);

        OnnxRunner.InferShapes(_graph);

        Assert.AreEqual("[2, ?]", $"{loop.Body("body").Inputs[2].Shape}");
        Assert.AreEqual("[?, 2]", $"{after.Shape}");
    }

    [TestMethod]
    public void Branches_that_differ_leave_open_what_differs()
    {
        var yes = _graph.AddInput("yes", ElementType.Bool, Shape.Of());
        var node = BodyGraphs.If(_graph, "y", yes, t => t.Emit("Identity", [_x]), e => e.Emit("Concat", [_x, _x], ("axis", 0L)));

        OnnxRunner.InferShapes(_graph);

        Assert.AreEqual((ElementType.Float32, "[?, 3]"), (node.Output.Type, $"{node.Output.Shape}"));
        Assert.AreEqual("[4, 3]", $"{node.Body("else_branch").Outputs[0].Shape}");
    }

    [TestMethod]
    public void Branch_that_does_not_fit_the_sizes_is_not_looked_at_when_it_is_not_taken()
    {
        var axis = _x.DynamicShape().Gather(_graph.Integer(0), 0);
        var node = BodyGraphs.If(_graph, "y", axis.Equal(_graph.Integer(1)), t => t.Emit("Squeeze", [_x, t.Vector(0)]), e => e.Emit("Identity", [_x]));

        OnnxRunner.InferShapes(_graph);

        Assert.AreEqual("[2, 3]", $"{node.Output.Shape}");
    }

    [TestMethod]
    public void Sizes_computed_outside_are_known_inside()
    {
        var sizes = Operators.Concat([_x.DynamicShape().Slice(0, 0, 1), _graph.Vector(1, -1)], 0);
        var yes = _graph.AddInput("yes", ElementType.Bool, Shape.Of());
        var node = BodyGraphs.If(_graph, "y", yes, t => t.Emit("Reshape", [_x, sizes]), e => e.Emit("Unsqueeze", [_x, e.Vector(1)]));

        OnnxRunner.InferShapes(_graph);

        Assert.AreEqual("[2, 1, 3]", $"{node.Output.Shape}");
    }

    [TestMethod]
    public void Bodies_with_too_few_values_are_refused()
    {
        var yes = _graph.AddInput("yes", ElementType.Bool, Shape.Of());
        BodyGraphs.If(_graph, "y", yes, t => t.Emit("Identity", [_x]), e => e.Emit("Relu", [_x])).Body("else_branch").Outputs.Clear();

        Assert.AreEqual("Operator 'If', node that makes 'y': its body 'else_branch' takes 0 values and gives 0; it has to take 0 and give 1.", Refusal());
    }

    [TestMethod]
    public void Loops_with_too_few_values_are_refused()
    {
        var loop = BodyGraphs.Loop(_graph, _graph.Integer(4), _x, (b, v) => b.Emit("Relu", [v]));
        loop.Body("body").Inputs.RemoveAt(2);
        Assert.StartsWith("Operator 'Loop', node that makes 'Loop': its body 'body' takes 2 values and gives 2; it has to take 3 and give 2.", Refusal());

        loop.Inputs.RemoveRange(1, 2);
        Assert.AreEqual("Operator 'Loop', node that makes 'Loop': 1 inputs are fewer than it needs.", Refusal());
    }

    private string Refusal() => Assert.ThrowsExactly<InvalidModelException>(() => OnnxRunner.InferShapes(_graph)).Message;
}
