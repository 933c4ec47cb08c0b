namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class HoistConstantsTests
{
    private readonly Graph _graph = new("outer");
    private readonly Value _x;
    private readonly Value _yes;

    public HoistConstantsTests() =>
        (_x, _yes) = (_graph.AddInput("x", ElementType.Float32, Shape.Of(2)), _graph.AddInput("yes", ElementType.Bool, Shape.Of()));

    [TestMethod]
    public void Weight_of_a_body_keeps_a_name_that_no_other_has()
    {
        var node = BodyGraphs.If(_graph, "y", _yes, t => t.Emit("Mul", [_x, t.AddInitializer("w", BodyGraphs.Two(1, 2))]), e => e.Emit("Identity", [_x]));

        Assert.IsTrue(HoistConstants.Run(_graph));

        Assert.AreSame(_graph.Find("w"), node.Body("then_branch").Nodes[0][1]);
        Assert.AreSame(_graph, _graph.Find("w")!.Graph);
        Assert.IsFalse(HoistConstants.Run(_graph));
    }

    [TestMethod]
    public void Same_name_in_two_bodies_is_told_apart_by_the_way_at_any_depth()
    {
        BodyGraphs.If(_graph, "y", _yes,
            t => BodyGraphs.If(t, "z", _yes, a => a.Emit("Mul", [_x, a.AddInitializer("w", BodyGraphs.Two(1, 2))]), b => b.Emit("Identity", [_x])).Output,
            e => e.Emit("Mul", [_x, e.AddInitializer("w", BodyGraphs.Two(3, 4))]));

        HoistConstants.Run(_graph);

        Assert.AreEqual("y.else_branch/w, y.then_branch/z.then_branch/w", string.Join(", ", _graph.Initializers.Select(v => v.Name).Order(StringComparer.Ordinal)));
        Assert.AreEqual(3f, _graph.Find("y.else_branch/w")!.Initializer!.As<float>()[0]);
    }

    [TestMethod]
    public void Integers_stay_where_they_are()
    {
        var node = BodyGraphs.If(_graph, "y", _yes, t => t.Emit("Unsqueeze", [_x, t.Vector(0)]), e => e.Emit("Unsqueeze", [_x, e.Vector(0)]));

        Assert.IsFalse(HoistConstants.Run(_graph));
        Assert.AreSame(node.Body("then_branch"), node.Body("then_branch").Nodes[0][1].Graph);
    }
}
