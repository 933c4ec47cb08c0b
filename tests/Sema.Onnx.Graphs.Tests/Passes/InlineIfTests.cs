namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class InlineIfTests
{
    private readonly Graph _graph = new("outer");
    private readonly Value _x;

    public InlineIfTests() => _x = _graph.AddInput("x", ElementType.Float32, Shape.Of(1, 3));

    [TestMethod]
    [DataRow(1, 5f)]
    [DataRow(3, 6f)]
    public void Branch_that_the_sizes_decide_takes_the_place(long size, float expected)
    {
        var axis = _x.DynamicShape().Gather(_graph.Integer(1), 0);
        (axis.Producer!.Inputs[0]!.Shape, axis.Shape) = (Shape.Of(2), Shape.Of());
        var known = axis.Equal(_graph.Integer(size));
        var y = BodyGraphs.If(_graph, "y", known, t => Sum(t, 6), e => BodyGraphs.If(e, "z", known.Not(), a => Sum(a, 5), b => b.Emit("Identity", [_x])).Output).Output;
        _graph.Outputs.Add(y);
        var after = y.Exp();
        ExplicitCaptures.Run(_graph);

        Assert.IsTrue(InlineIf.Run(_graph));
        Assert.IsFalse(InlineIf.Run(_graph));

        Assert.IsEmpty(_graph.Bodies);
        Assert.AreEqual("y", _graph.Outputs[0].Name);
        Assert.AreSame(_graph.Outputs[0], after.Producer![0]);
        var results = OnnxRunner.Run(_graph, new Dictionary<string, Tensor> { ["x"] = Tensor.Floats([1, 3], [0, 0, 0]) });
        Assert.AreEqual(expected, results["y"].As<float>()[0]);
    }

    [TestMethod]
    public void Branch_that_an_input_decides_stays()
    {
        BodyGraphs.If(_graph, "y", _graph.AddInput("yes", ElementType.Bool, Shape.Of()), t => Sum(t, 1), e => Sum(e, 2));

        Assert.IsFalse(InlineIf.Run(_graph));
    }

    private Value Sum(Graph branch, float constant) => branch.Emit("Add", [_x, branch.AddInitializer("constant", Tensor.Floats([1], [constant]))]);
}
