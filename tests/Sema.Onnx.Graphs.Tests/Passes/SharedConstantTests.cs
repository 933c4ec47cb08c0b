namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class SharedConstantTests
{
    [TestMethod]
    public void A_new_head_leaves_another_node_s_equal_shape_alone()
    {
        var graph = TwoLayers(sharedShape: false, sharedWeight: false);
        BatchAxis.Lift(graph, BatchAxis.Baked(Composition.Composer.Inputs(graph)));
        ClassifierHead.Replace(graph.Outputs[0], classes: 7, seed: 1);

        var shapes = graph.Nodes.Where(n => n.OpType == "Reshape").Select(n => string.Join(',', n[1].Initializer!.ToInt64()));
        Assert.AreEqual("0,4 | 0,7", string.Join(" | ", shapes));
    }

    [TestMethod]
    [DataRow(true, false)]
    [DataRow(false, true)]
    public void A_new_head_refuses_a_constant_that_others_read(bool sharedShape, bool sharedWeight)
    {
        foreach (var lift in new[] { false, true })
        {
            var graph = TwoLayers(sharedShape, sharedWeight);
            if (lift)
                BatchAxis.Lift(graph, BatchAxis.Baked(Composition.Composer.Inputs(graph)));
            var error = Assert.ThrowsExactly<InvalidModelException>(() => ClassifierHead.Replace(graph.Outputs[0], classes: 7, seed: 1));
            StringAssert.Contains(error.Message, sharedShape ? "(Reshape) too" : "(MatMul) too");
        }
    }

    // x [1, 4] → MatMul → Reshape [1, 4] → MatMul → Reshape [1, 4], with equal shapes in one constant or in two.
    private static Graph TwoLayers(bool sharedShape, bool sharedWeight)
    {
        var graph = new Graph("test");
        var value = graph.AddInput("x", ElementType.Float32, Shape.Of(1, 4));
        foreach (var layer in new[] { "1", "2" })
        {
            var weight = graph.Find("w") is { } w && sharedWeight ? w : graph.AddInitializer(graph.UniqueName("w"), Tensor.Floats([4, 4], new float[16]));
            var shape = graph.Find("s") is { } s && sharedShape ? s : graph.AddInitializer(graph.UniqueName("s"), Tensor.Vector(1, 4));
            value = graph.Renamed(graph.Emit("Reshape", [graph.Emit("MatMul", [value, weight]), shape]), $"y{layer}");
        }

        graph.Outputs.Add(value);
        return graph;
    }
}
