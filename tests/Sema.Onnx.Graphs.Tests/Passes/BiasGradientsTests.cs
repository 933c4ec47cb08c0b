using Sema.Onnx.Graphs.Autodiff;

namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class BiasGradientsTests
{
    [TestMethod]
    [DataRow(true, "LinearWeightGrad")]
    [DataRow(false, "LinearWeightGradTurned")]
    public void The_sum_over_rows_is_taken_from_the_call_that_reads_them(bool transposed, string function)
    {
        var (sketch, wrt, loss) = Layer(transposed);
        var gradients = Differentiator.Gradients(loss, wrt);
        var before = sketch.Run(wrt.Select(w => gradients[w]));
        var graph = sketch.Graph;
        graph.Outputs.AddRange(wrt.Select(w => gradients[w]));

        Assert.IsTrue(BiasGradients.Run(graph));
        Assert.IsFalse(BiasGradients.Run(graph));

        Assert.HasCount(1, graph.Nodes.Where(n => n.OpType == "ReduceSum"));   // the loss
        Assert.AreEqual(function, graph.Outputs[1].Producer!.OpType);
        foreach (var (a, b) in before.SelectMany(g => g).Zip(sketch.Run(graph.Outputs.ToList()).SelectMany(g => g)))
            Assert.AreEqual(a, b, 1e-12);
    }

    [TestMethod]
    public void Sums_over_other_axes_stay()
    {
        var graph = new Graph("test");
        Value dY = graph.AddInput("dY", ElementType.Float64, Shape.Of(2, 3)), x = graph.AddInput("x", ElementType.Float64, Shape.Of(2, 4));
        graph.AddNode("LinearWeightGrad", Model.SemaDomain, [dY, x], [], 2);
        graph.Outputs.AddRange([dY.Sum([1], keep: false), dY.Sum([0, 1], keep: false), dY.Sum([0], keep: true), x.Sum([0], keep: false)]);

        Assert.IsFalse(BiasGradients.Run(graph));
    }

    // A bias of 6 behind a reshape of rows of 3.
    [TestMethod]
    public void Sums_over_rows_of_another_length_stay()
    {
        var graph = new Graph("test");
        Value dY = graph.AddInput("dY", ElementType.Float64, Shape.Of(2, 6)), x = graph.AddInput("x", ElementType.Float64, Shape.Of(4, 5));
        var rows = dY.Reshape(4, 3);
        rows.Shape = Shape.Of(4, 3);
        graph.Outputs.Add(graph.AddNode("LinearWeightGrad", Model.SemaDomain, [rows, x], [], 2).Output);
        graph.Outputs.Add(dY.Sum([0], keep: false));

        Assert.IsFalse(BiasGradients.Run(graph));
    }

    [TestMethod]
    public void A_sum_that_is_read_before_the_call_stays()
    {
        var graph = new Graph("test");
        Value dY = graph.AddInput("dY", ElementType.Float64, Shape.Of(2, 3)), x = graph.AddInput("x", ElementType.Float64, Shape.Of(2, 4));
        graph.Outputs.Add(dY.Sum([0], keep: false).Exp());
        graph.Outputs.Add(graph.AddNode("LinearWeightGrad", Model.SemaDomain, [dY, x], [], 2).Output);

        Assert.IsFalse(BiasGradients.Run(graph));
    }

    // L = Σ exp(x W + b), x [2, 3, 4] as rows
    private static (GraphSketch Sketch, Value[] Wrt, Value Loss) Layer(bool transposed)
    {
        var (sketch, random) = (new GraphSketch(), new Random(3));
        Value x = Drawn("x", 2, 3, 4), w = transposed ? Drawn("w", 5, 4) : Drawn("w", 4, 5), b = Drawn("b", 5);
        var loss = (x.Reshape(-1, 4).MatMul(transposed ? w.Transpose(1, 0) : w).Reshape(2, 3, 5) + b).Exp().SumAll();
        OnnxRunner.InferShapes(sketch.Graph);
        return (sketch, [w, b], loss);

        Value Drawn(string name, params long[] dims) => sketch.Input(name, dims, [.. Enumerable.Range(0, (int)Tensor.ElementCount(dims)).Select(_ => random.NextDouble() - 0.5)]);
    }
}
