namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class ExplicitCapturesTests
{
    private readonly Graph _graph = new("outer");
    private readonly Value _x;
    private readonly Value _yes;

    public ExplicitCapturesTests() =>
        (_x, _yes) = (_graph.AddInput("x", ElementType.Float32, Shape.Of(1, 2)), _graph.AddInput("yes", ElementType.Bool, Shape.Of()));

    [TestMethod]
    public void Each_value_from_outside_comes_in_once_level_by_level()
    {
        var node = BodyGraphs.If(_graph, "y", _yes,
            t => BodyGraphs.If(t, "z", _yes, a => a.Emit("Mul", [_x, _x]), b => b.Emit("Identity", [_x])).Output, e => e.Emit("Add", [_x, _x]));

        Assert.IsTrue(ExplicitCaptures.Run(_graph));
        Assert.IsFalse(ExplicitCaptures.Run(_graph));

        var then = node.Body("then_branch");
        var inner = then.Nodes.Last().Body("then_branch");
        Assert.AreEqual("Identity, Identity, If", string.Join(", ", then.Nodes.Select(n => n.OpType)));
        Assert.AreEqual("Identity, Mul", string.Join(", ", inner.Nodes.Select(n => n.OpType)));
        Assert.IsTrue(inner.Nodes[0][0].Graph == then && inner.Nodes[1].Inputs.All(v => v!.Graph == inner));
    }

    [TestMethod]
    public void Constants_that_rules_look_at_are_copied_and_weights_are_not()
    {
        Value axes = _graph.Vector(0), w = _graph.AddInitializer("w", Tensor.Floats([2], [1, 2])), bound = _graph.Scalar(0, ElementType.Float32);
        var node = BodyGraphs.If(_graph, "y", _yes, t => t.Emit("Clip", [t.Emit("Squeeze", [t.Emit("Mul", [_x, w]), axes]), bound]), e => e.Emit("Squeeze", [_x, axes]));

        ExplicitCaptures.Run(_graph);

        var then = node.Body("then_branch");
        Assert.HasCount(2, then.Initializers);
        Assert.AreSame(w, then.Nodes.Single(n => n.OpType == "Mul")[1].Producer![0]);
    }

    [TestMethod]
    public void What_a_branch_gives_as_it_stands_outside_is_made_its_own()
    {
        var node = BodyGraphs.If(_graph, "y", _yes, _ => _x, e => e.Emit("Neg", [_x]));

        ExplicitCaptures.Run(_graph);

        Assert.AreEqual("Identity", node.Body("then_branch").Outputs[0].Producer!.OpType);
    }
}
