namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class LiveLayerNormalizationTests
{
    private readonly Graph _graph = new("test");
    private readonly Value _x;

    public LiveLayerNormalizationTests() => _x = _graph.AddInput("x", ElementType.Float32, Shape.Of(2, 3, 2));

    [TestMethod]
    public void The_training_form_computes_the_same()
    {
        Finish(_graph.Emit("LayerNormalization", [_x, Vector("scale", 3, 2), Vector("bias", 3, 2)], ("axis", -2), ("epsilon", 0.5f)));
        Dictionary<string, double[]> feeds = new() { ["x"] = [3, -1, 4, 1, -5, 9, 2, -6, 5, 3, 5, -8], ["scale"] = [1, -2, 0.5, 2, 3, 1], ["bias"] = [0, 0.25, -0.5, 1, 2, 3] };
        using var standard = new FloatRunner(_graph);
        var before = standard.Run(feeds)["y"];

        Assert.IsTrue(LiveLayerNormalization.Run(_graph));

        var node = _graph.Nodes.Single();
        Assert.AreEqual(("com.sema.LayerNormalizationTraining", 1L, 0.5f), (node.QualifiedType, node.Int("axis", 9), node.Float("epsilon", 0)));
        Assert.AreEqual("[2, 1, 1] [2, 1, 1]", $"{node.Outputs[1]!.Shape} {node.Outputs[2]!.Shape}");
        using var live = new FloatRunner(_graph);
        CollectionAssert.AreEqual(before, live.Run(feeds)["y"]);
        Assert.IsFalse(LiveLayerNormalization.Run(_graph), "The pass ran twice and changed something again.");
    }

    [TestMethod]
    public void Without_a_bias_or_with_a_scale_that_is_broadcast_it_stays()
    {
        Finish(_graph.Emit("LayerNormalization", [_graph.Emit("LayerNormalization", [_x, Vector("scale", 2)]), Vector("one", 1), Vector("bias", 2)]));
        Assert.IsFalse(LiveLayerNormalization.Run(_graph));
    }

    private Value Vector(string name, params long[] sizes) => _graph.AddInput(name, ElementType.Float32, Shape.Of(sizes));

    private void Finish(Value y)
    {
        y.Shape = _x.Shape;
        if (y.Producer![0].Producer is { } before)
            before.Output.Shape = _x.Shape;
        _graph.Rename(y, "y");
        _graph.Outputs.Add(y);
    }
}
