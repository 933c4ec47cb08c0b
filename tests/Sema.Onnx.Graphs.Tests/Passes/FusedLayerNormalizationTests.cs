namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class FusedLayerNormalizationTests
{
    private const double Epsilon = 1e-3;

    private readonly Graph _graph = new("chain");
    private readonly Value _x;
    private readonly Dictionary<string, double[]> _feeds = [];

    public FusedLayerNormalizationTests() => _x = Input("x", 2, 3, 4);

    [TestMethod]
    [DataRow(1, true, false, false)]
    [DataRow(1, false, false, true)]
    [DataRow(2, true, true, false)]
    [DataRow(2, true, true, true)]
    public void Layer_normalisation_is_recognised(int axes, bool biased, bool centredTwice, bool power)
    {
        long[] sizes = axes == 1 ? [4] : [3, 4];
        var normal = Normal(axes == 1 ? power ? [-1] : [2] : power ? [1, 2] : [-1, 1], centredTwice, power) * Input("scale", sizes);
        Finish(biased ? normal + Input("bias", sizes) : normal);
        using var chain = new FloatRunner(_graph);
        var before = chain.Run(_feeds)["y"];

        Assert.IsTrue(FusedLayerNormalization.Run(_graph));

        var node = _graph.Find("y")!.Producer!;
        Assert.AreEqual(("LayerNormalization", 3L - axes, (float)Epsilon), (node.OpType, node.Int("axis", 0), node.Float("epsilon", 0)));
        Assert.AreEqual(biased ? "x, scale, bias" : "x, scale, ", string.Join(", ", node.Inputs.Select(i => i?.Name)));
        using var fused = new FloatRunner(_graph);
        foreach (var (a, b) in before.Zip(fused.Run(_feeds)["y"]))
            Assert.AreEqual(a, b, 1e-5);
        Assert.IsFalse(FusedLayerNormalization.Run(_graph), "The pass ran twice and changed something again.");
    }

    [TestMethod]
    public void Axes_that_are_not_the_last_stay()
    {
        Finish(Normal([1], centredTwice: false, power: true) * Input("scale", 4));
        Assert.IsFalse(FusedLayerNormalization.Run(_graph));
    }

    [TestMethod]
    public void A_scale_of_another_shape_stays()
    {
        Finish(Normal([-1], centredTwice: false, power: true) * Input("scale", 1));
        Assert.IsFalse(FusedLayerNormalization.Run(_graph));
    }

    [TestMethod]
    public void What_is_read_before_the_scale_stays()
    {
        var normal = Normal([-1], centredTwice: false, power: true);
        _graph.Outputs.Add(normal.Exp());
        Finish(normal * Input("scale", 4));
        Assert.IsFalse(FusedLayerNormalization.Run(_graph));
    }

    [TestMethod]
    public void A_bias_of_another_shape_stays_outside()
    {
        Finish(Normal([-1], centredTwice: false, power: true) * Input("scale", 4) + Input("bias", 3, 1));
        Assert.IsTrue(FusedLayerNormalization.Run(_graph));
        Assert.AreEqual(("Add", "LayerNormalization"), (_graph.Find("y")!.Producer!.OpType, _graph.Find("y")!.Producer![0].Producer!.OpType));
    }

    private Value Normal(long[] axes, bool centredTwice, bool power)
    {
        var mean = _x.Mean(axes, keep: true);
        var centred = _x - mean;
        var variance = (power ? centred.Pow(_x.Like(2)) : centred.Square()).Mean(axes, keep: true);
        return (centredTwice ? _x - mean : centred) / (variance + Epsilon).Sqrt();
    }

    private Value Input(string name, params long[] sizes)
    {
        var count = (int)Shape.Of(sizes).Count;
        _feeds[name] = [.. Enumerable.Range(0, count).Select(i => Math.Sin(i * i + count))];
        return _graph.AddInput(name, ElementType.Float32, Shape.Of(sizes));
    }

    private void Finish(Value y)
    {
        _graph.Rename(y, "y");
        _graph.Outputs.Add(y);
        FloatRunner.InferShapes(_graph, _feeds);
    }
}
