namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class FusedActivationTests
{
    private readonly Graph _graph = new("test");
    private readonly Node _normal;

    public FusedActivationTests()
    {
        var x = _graph.AddInput("x", ElementType.Float32, Shape.Of(2, 3, 2));
        _normal = _graph.AddNode(
            "BatchNormalizationTraining", Model.SemaDomain, [x, _graph.AddInput("scale", ElementType.Float32, Shape.Of(3)), _graph.AddInput("bias", ElementType.Float32, Shape.Of(3))],
            [("epsilon", 0.5f), ("axes", [0, 2])], 3);
        _graph.Outputs.AddRange([_normal.Outputs[1]!, _normal.Outputs[2]!]);
    }

    private static readonly Dictionary<string, double[]> Feeds = new()
    {
        ["x"] = [3, -1, 4, 1, -5, 9, 2, -6, 5, 3, 5, -8],
        ["scale"] = [1, -2, 0.5],
        ["bias"] = [0, 0.25, -0.5],
    };

    [TestMethod]
    [DataRow("Relu", 0f, float.PositiveInfinity)]
    [DataRow("Clip", -0.25f, 0.5f)]
    public void A_normalisation_and_what_alone_reads_it_become_one(string op, float low, float high)
    {
        Activate(op == "Relu" ? _graph.Emit("Relu", [_normal.Output]) : _graph.Emit("Clip", [_normal.Output, _normal.Output.Like(low), _normal.Output.Like(high)]));
        using var apart = new FloatRunner(_graph);
        var before = apart.Run(Feeds);

        Assert.IsTrue(FusedActivation.Run(_graph));

        var node = _graph.Nodes.Single();
        Assert.AreEqual(("BatchNormalizationClipTraining", low, high), (node.OpType, node.Float("low", 9), node.Float("high", 9)));
        using var fused = new FloatRunner(_graph);
        foreach (var (name, y) in fused.Run(Feeds))
            CollectionAssert.AreEqual(before[name], y, name);
        Assert.IsFalse(FusedActivation.Run(_graph), "The pass ran twice and changed something again.");
    }

    [TestMethod]
    public void What_others_read_too_stays()
    {
        _graph.Outputs.Add(_normal.Output.Exp());
        Activate(_graph.Emit("Relu", [_normal.Output]));
        Assert.IsFalse(FusedActivation.Run(_graph));
    }

    [TestMethod]
    public void Bounds_that_are_computed_stay()
    {
        Activate(_graph.Emit("Clip", [_normal.Output, _graph.AddInput("low", ElementType.Float32, Shape.Of())]));
        Assert.IsFalse(FusedActivation.Run(_graph));
    }

    private void Activate(Value y)
    {
        _graph.Rename(y, "y");
        _graph.Outputs.Add(y);
    }
}
