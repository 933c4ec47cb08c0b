namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class FoldIntegersTests
{
    private readonly Graph _graph = new("outer");
    private readonly Value _x;

    public FoldIntegersTests() => _x = _graph.AddInput("x", ElementType.Float32, Shape.Of(2, 3, 5));

    [TestMethod]
    public void Sizes_that_follow_from_known_ones_become_constants()
    {
        // [last, -1] of the sizes 2, 3, 5, less 1 each
        var shape = _x.DynamicShape();
        var sizes = Operators.Concat([shape.Slice(0, -1, long.MaxValue), shape.Gather(_graph.Integer(1), 0).Unsqueeze(0)], 0) - _graph.Vector(1);
        var y = _x.Reshape(Known(sizes));

        Assert.IsTrue(FoldIntegers.Run(_graph));
        Assert.IsFalse(FoldIntegers.Run(_graph));

        CollectionAssert.AreEqual(new long[] { 4, 2 }, y.Producer![1].Initializer!.ToInt64());
        Assert.HasCount(1, _graph.Nodes);
    }

    [TestMethod]
    public void What_depends_on_an_input_or_on_an_open_size_stays()
    {
        _x.Shape = new(new Dimension(-1, "batch"), new(3));
        var open = _x.DynamicShape();
        var given = _graph.AddInput("given", ElementType.Int64, Shape.Of(1)) + _graph.Vector(1);
        Known(Operators.Concat([open, given], 0));

        Assert.IsFalse(FoldIntegers.Run(_graph));
    }

    [TestMethod]
    public void The_pads_of_an_exporter_become_constants()
    {
        // Pads by axis from the last, before and after, as PyTorch writes them: [2, 3, 1, 0, 0, 0] for the axes 2, 1, 0.
        var zeros = _graph.Emit("ConstantOfShape", [_graph.Vector(2)], ("value", Tensor.Vector(0)));
        var pairs = Operators.Concat([_graph.Vector(2, 3, 1, 0), zeros], 0).Reshape(-1, 2);
        var turned = pairs.Slice(_graph.Vector(-1), _graph.Vector(-long.MaxValue), _graph.Vector(0), _graph.Vector(-1));
        var y = _graph.Emit("Pad", [_x, Known(turned.Transpose([1, 0]).Reshape(-1).Cast(ElementType.Int64))], ("mode", "reflect"));

        FoldIntegers.Run(_graph);

        CollectionAssert.AreEqual(new long[] { 0, 1, 2, 0, 0, 3 }, y.Producer![1].Initializer!.ToInt64());
        Assert.HasCount(1, _graph.Nodes);
    }

    [TestMethod]
    public void Bodies_are_folded_through_what_they_take_in()
    {
        var axis = _graph.Vector(1) - _graph.Vector(1);
        var yes = _graph.AddInput("yes", ElementType.Bool, Shape.Of());
        var node = BodyGraphs.If(_graph, "y", yes, t => t.Emit("Unsqueeze", [_x, axis]), e => e.Emit("Unsqueeze", [_x, e.Vector(0)]));
        ExplicitCaptures.Run(_graph);
        OnnxRunner.InferShapes(_graph);

        FoldIntegers.Run(_graph);

        CollectionAssert.AreEqual(new long[] { 0 }, node.Body("then_branch").Nodes.Single(n => n.OpType == "Unsqueeze")[1].Initializer!.ToInt64());
    }

    private static Value Known(Value sizes)
    {
        OnnxRunner.InferShapes(sizes.Graph);
        return sizes;
    }
}
