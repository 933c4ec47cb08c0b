using Sema.Onnx.Graphs.Autodiff;

namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class ExplicitPaddingTests
{
    [TestMethod]
    [DataRow("SAME_UPPER", 1, "1,1,1,1")]     // 3x3 over 5x5: one on each side
    [DataRow("SAME_LOWER", 1, "1,1,1,1")]
    [DataRow("SAME_UPPER", 2, "1,1,1,1")]     // 3 windows, 2 apart, reach 7 = 5 + 2
    [DataRow("SAME_UPPER", 3, "0,0,1,1")]     // 2 windows reach 6 = 5 + 1: the odd one at the end
    [DataRow("SAME_LOWER", 3, "1,1,0,0")]     // or at the beginning
    [DataRow("VALID", 1, null)]
    [DataRow("NOTSET", 1, null)]
    public void Padding_is_written_as_numbers(string automatic, long stride, string? pads)
    {
        foreach (var op in new[] { "Conv", "MaxPool", "AveragePool" })
        {
            var (graph, feeds) = Windowed(op, automatic, stride);
            var before = OnnxRunner.Run(graph, feeds)["y"];

            Assert.IsTrue(ExplicitPadding.Run(graph));

            Assert.IsFalse(graph.Nodes[0].Has("auto_pad"));
            Assert.AreEqual(pads, graph.Nodes[0].Ints("pads") is { } numbers ? string.Join(',', numbers) : null, op);
            var after = OnnxRunner.Run(graph, feeds)["y"];
            CollectionAssert.AreEqual(before.Dims.ToArray(), after.Dims.ToArray(), op);
            CollectionAssert.AreEqual(before.ToFloat64(), after.ToFloat64(), op);
            Assert.IsFalse(ExplicitPadding.Run(graph), "The pass ran twice and changed something again.");
        }
    }

    [TestMethod]
    public void Unknown_size_is_named()
    {
        var (graph, _) = Windowed("MaxPool", "SAME_UPPER", 1);
        GradientCheck.Forget(graph, Known.Symbols);

        var e = Assert.ThrowsExactly<InvalidModelException>(() => ExplicitPadding.Run(graph));

        Assert.Contains("'MaxPool', node that makes 'y': its spatial sizes [n1, n1, n5, n5] → [n1, n1, n5, n5] must be known", e.Message);
    }

    private static (Graph Graph, Dictionary<string, Tensor> Feeds) Windowed(string op, string automatic, long stride)
    {
        var (graph, random) = (new Graph("window"), new Random(3));
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(1, 1, 5, 5));
        Value?[] inputs = op == "Conv" ? [x, graph.AddInitializer("w", new Operand(1, 1, 3, 3).Draw(random, ElementType.Float32))] : [x];
        var y = graph.Emit(op, inputs, ("auto_pad", automatic), ("strides", [stride, stride]), ("kernel_shape", [3, 3]));
        graph.Rename(y, "y");
        graph.Outputs.Add(y);
        OnnxRunner.InferShapes(graph);
        return (graph, new() { ["x"] = new Operand(1, 1, 5, 5).Draw(random, ElementType.Float32) });
    }
}
