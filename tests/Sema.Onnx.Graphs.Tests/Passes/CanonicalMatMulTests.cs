using Sema.Onnx.Graphs.Autodiff;

namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class CanonicalMatMulTests
{
    [TestMethod]
    [DataRow(new long[] { 3 }, new long[] { 3 }, "Unsqueeze Unsqueeze MatMul Reshape")]
    [DataRow(new long[] { 3 }, new long[] { 3, 4 }, "Unsqueeze MatMul Reshape")]
    [DataRow(new long[] { 2, 3 }, new long[] { 3 }, "Unsqueeze MatMul Reshape")]
    [DataRow(new long[] { 3 }, new long[] { 5, 3, 4 }, "Unsqueeze MatMul Reshape")]
    [DataRow(new long[] { 5, 2, 3 }, new long[] { 3 }, "Unsqueeze Reshape MatMul Reshape")]
    [DataRow(new long[] { 5, 2, 3 }, new long[] { 3, 4 }, "Reshape MatMul Reshape")]
    [DataRow(new long[] { 5, 6, 2, 3 }, new long[] { 3, 4 }, "Reshape MatMul Reshape")]
    [DataRow(new long[] { 2, 3 }, new long[] { 3, 4 }, "MatMul")]
    [DataRow(new long[] { 2, 3 }, new long[] { 5, 3, 4 }, "MatMul")]
    [DataRow(new long[] { 5, 2, 3 }, new long[] { 5, 3, 4 }, "MatMul")]
    public void Product_becomes_one_of_matrices(long[] a, long[] b, string operators)
    {
        foreach (var known in Enum.GetValues<Known>())
        {
            var (graph, feeds) = Product(a, b, known);
            var before = OnnxRunner.Run(graph, feeds)["y"];

            var changed = CanonicalMatMul.Run(graph);

            Assert.AreEqual(operators != "MatMul", changed);
            if (known == Known.All)
                Assert.AreEqual(operators, string.Join(' ', graph.Nodes.Select(n => n.OpType)));
            var after = OnnxRunner.Run(graph, feeds)["y"];
            CollectionAssert.AreEqual(before.Dims.ToArray(), after.Dims.ToArray());
            foreach (var (x, y) in before.ToFloat64().Zip(after.ToFloat64()))
                Assert.AreEqual(x, y, 1e-14);
            Assert.IsFalse(CanonicalMatMul.Run(graph), "The pass ran twice and changed something again.");
        }
    }

    private static (Graph Graph, Dictionary<string, Tensor> Feeds) Product(long[] a, long[] b, Known known)
    {
        var (graph, random) = (new Graph("product"), new Random(3));
        var feeds = new Dictionary<string, Tensor>
        {
            ["a"] = new Operand(a).Draw(random, ElementType.Float64),
            ["b"] = new Operand(b).Draw(random, ElementType.Float64),
        };
        var y = graph.AddInput("a", ElementType.Float64, Shape.Of(a)).MatMul(graph.AddInput("b", ElementType.Float64, Shape.Of(b)));
        graph.Rename(y, "y");
        graph.Outputs.Add(y);
        OnnxRunner.InferShapes(graph);
        GradientCheck.Forget(graph, known);
        return (graph, feeds);
    }
}
