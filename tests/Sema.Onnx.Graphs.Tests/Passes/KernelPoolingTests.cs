namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class KernelPoolingTests
{
    [TestMethod]
    public void Pooling_whose_places_are_read_becomes_a_call_that_pads_what_hangs_over()
    {
        var graph = Network(places: true, ("strides", [2L, 2L]), ("ceil_mode", 1));
        KernelPooling.Run(graph);
        var call = graph.Nodes.Single();
        Assert.AreEqual("com.sema.MaxPoolTraining", $"{call.Domain}.{call.OpType}");
        CollectionAssert.AreEqual(new long[] { 3, 3 }, call.Ints("kernel_shape"));
        CollectionAssert.AreEqual(new long[] { 2, 2 }, call.Ints("strides"));
        CollectionAssert.AreEqual(new long[] { 0, 0, 1, 1 }, call.Ints("pads"));
        CollectionAssert.AreEqual(graph.Outputs.ToList(), call.Outputs);
    }

    [TestMethod]
    public void Pooling_without_places_or_with_dilations_stays_with_the_runtime()
    {
        foreach (var graph in new[] { Network(places: false, ("strides", [2L, 2L]), ("ceil_mode", 1)), Network(places: true, ("dilations", [2L, 2L])) })
        {
            KernelPooling.Run(graph);
            Assert.AreEqual("MaxPool", graph.Nodes.Single().OpType);
        }
    }

    // 8x8 elements: windows of 3 at a distance of 2 need one more; 4x4 windows of either kind.
    private static Graph Network(bool places, params Attribute[] attributes)
    {
        var graph = new Graph("net");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(2, 3, 8, 8));
        var pool = graph.AddNode("MaxPool", "", [x], [("kernel_shape", [3L, 3L]), .. attributes], places ? 2 : 1);
        foreach (var (output, type) in pool.Outputs.Zip([ElementType.Float32, ElementType.Int64]))
        {
            (output!.Type, output.Shape) = (type, Shape.Of(2, 3, 4, 4));
            graph.Outputs.Add(output);
        }

        return graph;
    }
}
