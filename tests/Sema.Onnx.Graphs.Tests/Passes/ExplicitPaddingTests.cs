using System.Runtime.InteropServices;
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
        foreach (var op in new[] { "Conv", "MaxPool", "AveragePool", "LpPool" })
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

    // The kernel 4 wide over 3 elements, 3 apart: they make 2·3 + 4 = 10, of which "same" leaves 3·3.
    [TestMethod]
    [DataRow("SAME_UPPER", 3, 0, 0, "0,0,1,1", "0,0")]
    [DataRow("SAME_LOWER", 3, 0, 0, "1,1,0,0", "0,0")]
    [DataRow("SAME_UPPER", 1, 0, 0, "1,1,2,2", "0,0")]     // 6 of 3
    [DataRow("SAME_LOWER", 1, 0, 0, "2,2,1,1", "0,0")]
    [DataRow("SAME_UPPER", 3, 0, 1, "1,1,1,1", "1,1")]
    [DataRow("SAME_UPPER", 5, 0, 0, "0,0,0,0", "0,0")]     // 14 of 15
    [DataRow("SAME_UPPER", 3, 7, 0, "1,1,2,2", "0,0")]
    [DataRow("SAME_LOWER", 3, 7, 0, "2,2,1,1", "0,0")]
    [DataRow("NOTSET", 3, 7, 0, "2,2,1,1", "0,0")]
    [DataRow("VALID", 3, 7, 0, "2,2,1,1", "0,0")]
    [DataRow("NOTSET", 3, 12, 0, "0,0,0,0", "2,2")]
    [DataRow("VALID", 3, 0, 0, null, "0,0")]
    public void Padding_of_a_transposed_convolution_is_written_as_numbers(string automatic, long stride, long size, long extra, string? pads, string padding)
    {
        var (graph, feeds) = Windowed("ConvTranspose", automatic, stride);
        var node = graph.Nodes[0];
        node.Set(("output_padding", [extra, extra]));
        if (size > 0)
            node.Set(("output_shape", [size, size]));
        var before = OnnxRunner.Run(graph, feeds)["y"];

        Assert.IsTrue(ExplicitPadding.Run(graph));

        Assert.IsFalse(node.Has("auto_pad") || node.Has("output_shape"));
        Assert.AreEqual(pads, node.Ints("pads") is { } numbers ? string.Join(',', numbers) : null);
        Assert.AreEqual(padding, string.Join(',', node.Ints("output_padding")!));
        graph.Outputs[0].Shape = null;
        var after = OnnxRunner.Run(graph, feeds)["y"];
        Assert.AreEqual(before.Shape, after.Shape);
        CollectionAssert.AreEqual(before.ToFloat64(), after.ToFloat64());
        Assert.IsFalse(ExplicitPadding.Run(graph), "The pass ran twice and changed something again.");
    }

    // [2, 3, 2] with a row of 1 before and two behind the middle axis, one off the last; the widths, or the axes, are given when the graph runs.
    [TestMethod]
    [DataRow(true, true)]
    [DataRow(false, true)]
    [DataRow(true, false)]
    public void Pad_of_some_axes_is_written_as_a_pad_of_all(bool knowsWidths, bool knowsAxes)
    {
        var (graph, feeds) = (new Graph("pad"), new Dictionary<string, Tensor> { ["x"] = new Operand(2, 3, 2).Draw(new Random(3), ElementType.Float32) });
        Value x = graph.AddInput("x", ElementType.Float32, Shape.Of(2, 3, 2)), widths = Given("widths", knowsWidths, 1, -1, 2, 0), axes = Given("axes", knowsAxes, -2, 2);
        graph.Outputs.Add(graph.Renamed(graph.Emit("Pad", [x, widths, graph.Scalar(1, ElementType.Float32), axes]), "y"));
        var before = OnnxRunner.Run(graph, feeds)["y"];

        Assert.IsTrue(ExplicitPadding.Run(graph));

        Assert.HasCount(3, graph.Nodes.Single(n => n.OpType == "Pad").Inputs);
        var after = OnnxRunner.Run(graph, feeds)["y"];
        Assert.AreEqual("[2, 6, 1]", before.Shape.ToString());
        Assert.AreEqual(before.Shape, after.Shape);
        CollectionAssert.AreEqual(before.ToFloat64(), after.ToFloat64());
        Assert.IsFalse(ExplicitPadding.Run(graph), "The pass ran twice and changed something again.");

        Value Given(string name, bool isKnown, params long[] numbers)
        {
            if (isKnown)
                return graph.Vector(numbers);
            feeds[name] = new(ElementType.Int64, [numbers.Length], MemoryMarshal.AsBytes<long>(numbers).ToArray());
            return graph.AddInput(name, ElementType.Int64, Shape.Of(numbers.Length));
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
        var (size, kernel) = op == "ConvTranspose" ? (3, 4) : (5, 3);
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(1, 1, size, size));
        Value?[] inputs = op.StartsWith("Conv", StringComparison.Ordinal)
            ? [x, graph.AddInitializer("w", new Operand(1, 1, kernel, kernel).Draw(random, ElementType.Float32))] : [x];
        var y = graph.Emit(op, inputs, ("auto_pad", automatic), ("strides", [stride, stride]), ("kernel_shape", [kernel, kernel]));
        graph.Rename(y, "y");
        graph.Outputs.Add(y);
        OnnxRunner.InferShapes(graph);
        y.Shape = op == "ConvTranspose" ? null : y.Shape;   // ONNX's shape inference and the runtime's kernel do not agree
        return (graph, new() { ["x"] = new Operand(1, 1, size, size).Draw(random, ElementType.Float32) });
    }
}
