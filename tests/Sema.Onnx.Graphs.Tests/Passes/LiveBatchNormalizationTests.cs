namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class LiveBatchNormalizationTests
{
    private readonly Graph _graph = new("test");
    private readonly Value _x;

    public LiveBatchNormalizationTests() => _x = _graph.AddInput("x", ElementType.Float32, Shape.Of(4, 2, 3, 5));

    [TestMethod]
    public void Statistics_become_outputs_of_the_training_form()
    {
        var y = Normalization(_x, Vector("mean"), Vector("variance").Identity(), ("momentum", 0.75f), ("epsilon", 0.5f));
        _graph.Rename(y, "y");
        _graph.Outputs.Add(y);

        // 4 · 3 · 5 elements a channel
        Assert.AreEqual(new BatchStatistics("mean", "variance", "batch_mean/mean", "batch_variance/variance", 0.75f, 60), LiveBatchNormalization.Run(_graph).Single());
        var node = _graph.Outputs[0].Producer!;
        Assert.AreEqual(("com.sema.BatchNormalizationTraining", "y", 0.5f), (node.QualifiedType, node.Output.Name, node.Float("epsilon", 0)));
        CollectionAssert.AreEqual(new long[] { 0, 2, 3 }, node.Ints("axes"));
        Assert.AreEqual("x, gamma, beta", string.Join(", ", node.Inputs.Select(i => i!.Name)));
        Assert.AreEqual("[2]", $"{_graph.Find("batch_variance/variance")!.Shape}");
    }

    [TestMethod]
    public void A_second_run_changes_nothing()
    {
        Normalization(_x, Vector("mean"), Vector("variance"));
        Assert.HasCount(1, LiveBatchNormalization.Run(_graph));
        Assert.IsEmpty(LiveBatchNormalization.Run(_graph));
    }

    [TestMethod]
    public void The_standards_own_defaults_are_taken()
    {
        Normalization(_x, Vector("mean"), Vector("variance"));
        Assert.AreEqual(0.9f, LiveBatchNormalization.Run(_graph).Single().Momentum);
        Assert.AreEqual(1e-5f, _graph.Nodes.Single().Float("epsilon", 0));
    }

    [TestMethod]
    public void Shared_statistics_are_refused()
    {
        var (mean, variance) = (Vector("mean"), Vector("variance"));
        Normalization(_x, mean, variance);
        Normalization(_x, Vector("other"), variance.Identity());
        var error = Assert.ThrowsExactly<InvalidModelException>(() => LiveBatchNormalization.Run(_graph));
        StringAssert.Contains(error.Message, "serve two batch normalisations", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Computed_statistics_are_refused()
    {
        Normalization(_x, Vector("mean"), Vector("variance").Exp());
        var error = Assert.ThrowsExactly<InvalidModelException>(() => LiveBatchNormalization.Run(_graph));
        StringAssert.Contains(error.Message, "are computed, not stored", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Normalisation_inside_a_body_is_refused()
    {
        var yes = _graph.AddInput("yes", ElementType.Bool, Shape.Of());
        Value[] constants = [Vector("gamma"), Vector("beta"), Vector("mean"), Vector("variance")];
        BodyGraphs.If(_graph, "y", yes, t => t.Emit("BatchNormalization", [_x, .. constants]), e => e.Emit("Identity", [_x]));
        var error = Assert.ThrowsExactly<InvalidModelException>(() => LiveBatchNormalization.Run(_graph));
        StringAssert.Contains(error.Message, "inside a body of operator 'If', node that makes 'y'", StringComparison.Ordinal);
    }

    private Value Normalization(Value x, Value mean, Value variance, params Attribute[] attributes)
    {
        mean.Shape = variance.Shape = Shape.Of(2);
        var y = _graph.Emit("BatchNormalization", [x, Vector("gamma"), Vector("beta"), mean, variance], attributes);
        y.Shape = x.Shape;
        return y;
    }

    private Value Vector(string name) => _graph.Find(name) ?? _graph.AddInitializer(name, Tensor.Floats([2], [1, 2]));
}
