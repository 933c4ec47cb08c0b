namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class KernelConvolutionsTests
{
    [TestMethod]
    public void Convolution_with_trained_weights_becomes_a_call_with_every_attribute_written_out()
    {
        var (graph, _) = Network(ElementType.Float32);
        KernelConvolutions.Run(graph, w => w.Name == "w");
        var call = graph.Nodes.Single();
        Assert.AreEqual("com.sema.Convolution", $"{call.Domain}.{call.OpType}");
        CollectionAssert.AreEqual(new long[] { 3, 3 }, call.Ints("kernel_shape"));
        CollectionAssert.AreEqual(new long[] { 1, 1 }, call.Ints("strides"));
        CollectionAssert.AreEqual(new long[] { 1, 0, 1, 0 }, call.Ints("pads"));
        CollectionAssert.AreEqual(new long[] { 1, 1 }, call.Ints("dilations"));
        Assert.AreEqual(1, call.Int("group", 0));
        Assert.AreSame(graph.Outputs.Single(), call.Output);
    }

    [TestMethod]
    public void Constant_weights_and_other_types_stay_with_the_runtime()
    {
        var (frozen, _) = Network(ElementType.Float32);
        KernelConvolutions.Run(frozen, _ => false);
        Assert.AreEqual("Conv", frozen.Nodes.Single().OpType);
        var (wide, _) = Network(ElementType.Float64);
        KernelConvolutions.Run(wide, _ => true);
        Assert.AreEqual("Conv", wide.Nodes.Single().OpType);
    }

    private static (Graph Graph, Value Output) Network(ElementType type)
    {
        var graph = new Graph("net");
        var (x, w) = (graph.AddInput("x", type, Shape.Of(2, 3, 8, 8)), graph.AddInput("w", type, Shape.Of(4, 3, 3, 3)));
        var y = graph.Emit("Conv", [x, w], ("pads", [1L, 0L, 1L, 0L]));
        (y.Type, y.Shape) = (type, Shape.Of(2, 4, 8, 6));
        graph.Outputs.Add(y);
        return (graph, y);
    }
}
