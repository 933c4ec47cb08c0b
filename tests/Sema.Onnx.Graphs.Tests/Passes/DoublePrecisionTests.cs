namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class DoublePrecisionTests
{
    [TestMethod]
    public void Inputs_constants_casts_and_attributes_become_float64()
    {
        var graph = new Graph("mixed");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(2));
        var labels = graph.AddInput("labels", ElementType.Int64, Shape.Of(2));
        var weight = graph.AddInitializer("weight", Tensor.Floats([2], [0.1f, -3]));
        var filled = graph.Emit("ConstantOfShape", [graph.Vector(2)], ("value", Tensor.Floats([1], [0.25f]))).As(ElementType.Float32);
        var zeros = graph.Emit("ConstantOfShape", [graph.Vector(2)]).As(ElementType.Float32);
        var constant = graph.Emit("Constant", [], new Attribute("value_floats", new[] { 1.5f, 2 })).As(ElementType.Float32);
        graph.Outputs.Add(graph.Renamed(x * weight + labels.Cast(ElementType.Float32) + filled + zeros + constant, "y"));

        Assert.IsTrue(DoublePrecision.Run(graph));

        Assert.AreEqual(ElementType.Float64, x.Type);
        Assert.AreEqual(ElementType.Int64, labels.Type);
        CollectionAssert.AreEqual(new double[] { 0.1f, -3 }, weight.Initializer!.ToFloat64());
        Assert.AreEqual(ElementType.Float64, graph.Outputs[0].Type);
        Assert.IsFalse(graph.Values.Any(v => v.Type == ElementType.Float32));
        graph.Replace(labels, graph.AddInitializer("two", Tensor.Vector(2, 2)));
        graph.Remove(labels);
        using var runner = new FloatRunner(graph);
        CollectionAssert.AreEqual(new[] { (double)0.1f + 2 + 0.25 + 0 + 1.5, -3e-9 + 2 + 0.25 + 0 + 2 }, runner.Run(new Dictionary<string, double[]> { ["x"] = [1, 1e-9] })["y"]);
    }

    [TestMethod]
    public void A_second_run_changes_nothing()
    {
        var graph = new Graph("plain");
        graph.Outputs.Add(graph.AddInput("x", ElementType.Float32, Shape.Of(2)).Cast(ElementType.Float32));

        Assert.IsTrue(DoublePrecision.Run(graph));
        Assert.IsFalse(DoublePrecision.Run(graph));
    }

    [TestMethod]
    public void Inner_graphs_become_float64_too()
    {
        var graph = new Graph("outer");
        var inner = new Graph("then", graph);
        inner.Outputs.Add(inner.AddInitializer("one", Tensor.Scalar(1, ElementType.Float32)).Identity());
        graph.AddNode("If", "", [graph.AddInput("condition", ElementType.Bool, new Shape())], [new("then_branch", inner)], 1);

        Assert.IsTrue(DoublePrecision.Run(graph));

        Assert.AreEqual(ElementType.Float64, inner.Outputs[0].Type);
        Assert.AreEqual(ElementType.Float64, inner.Find("one")!.Initializer!.Type);
    }
}
