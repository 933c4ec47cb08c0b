using System.Runtime.InteropServices;
using Sema.Onnx.Graphs.Autodiff;

namespace Sema.Onnx.Graphs.Functions;

[TestClass]
public sealed class LossFunctionsTests
{
    private const int Ignored = -100;

    [TestMethod]
    [DataRow(0f)]
    [DataRow(0.1f)]
    [DataRow(1f)]
    public void CrossEntropy_is_the_mean_of_minus_q_log_p(float smoothing)
    {
        double[,] logits = { { 1, -2, 0.5 }, { 0, 0, 0 }, { 3, 1, 2 }, { -1, 4, 2 } };

        var (loss, weight) = Run(logits, [2, 0, Ignored, 1], smoothing);

        Assert.AreEqual(Expected(logits, [2, 0, Ignored, 1], smoothing), loss, 1e-7);   // the smoothing is a float32
        Assert.AreEqual(3, weight);
    }

    [TestMethod]
    public void CrossEntropy_by_hand()
    {
        // Row 1: −ln(1/2) = 0.693147; row 2: −ln(3/4) = 0.287682 (logits ln 3 and 0); mean 0.490415.
        var (loss, _) = Run(new[,] { { 5.0, 5.0 }, { Math.Log(3), 0 } }, [1, 0]);

        Assert.AreEqual(0.4904146265058631, loss, 1e-15);
    }

    [TestMethod]
    public void Rows_that_are_all_ignored_give_zero_and_no_gradient()
    {
        double[,] logits = { { 1, 2 }, { 3, 4 } };

        var (loss, weight) = Run(logits, [Ignored, Ignored]);

        Assert.AreEqual(0, loss);
        Assert.AreEqual(0, weight);
        Assert.IsTrue(Gradient(logits, [Ignored, Ignored]).All(g => g == 0));
    }

    [TestMethod]
    public void Class_masked_by_minus_infinity_is_harmless_where_it_is_not_the_target()
    {
        double[,] logits = { { 0, double.NegativeInfinity, 0 }, { double.NegativeInfinity, 0, double.NegativeInfinity } };

        var (loss, _) = Run(logits, [0, 1]);

        // −ln(1/2) and −ln 1, halved; the gradient (p − q)/2 is ±1/4 in the first row and 0 in the second
        Assert.AreEqual(Math.Log(2) / 2, loss, 1e-15);
        CollectionAssert.AreEqual(Numbers(-0.25, 0, 0.25, 0, 0, 0), Gradient(logits, [0, 1]));
    }

    [TestMethod]
    [DataRow(1e4)]
    [DataRow(-1e4)]
    public void Large_logits_neither_overflow_nor_vanish(double large)
    {
        double[,] logits = { { large, 0 }, { large, large } };

        var (loss, _) = Run(logits, [1, 0]);

        Assert.AreEqual((Math.Max(large, 0) + Math.Log(2)) / 2, loss, 1e-12 * 1e4);
        Assert.IsTrue(Gradient(logits, [1, 0]).All(double.IsFinite));
    }

    [TestMethod]
    public void CrossEntropy_equals_the_standard_operator()
    {
        var random = new Random(7);
        var logits = new double[6, 5];
        for (var i = 0; i < 30; i++)
            logits[i / 5, i % 5] = 4 * random.NextDouble() - 2;
        long[] target = [4, 0, Ignored, 2, 2, 1];
        var graph = new Graph("standard");
        graph.Outputs.Add(graph.Emit("SoftmaxCrossEntropyLoss", Inputs(graph), ("ignore_index", Ignored)));

        var standard = OnnxRunner.Run(graph, Feeds(logits, target)).Values.Single().ToFloat64()[0];

        Assert.AreEqual(standard, Run(logits, target).Loss, 1e-14);
    }

    private static double Expected(double[,] logits, long[] target, double smoothing)
    {
        var (sum, counted, classes) = (0.0, 0, logits.GetLength(1));
        for (var row = 0; row < target.Length; row++)
        {
            if (target[row] == Ignored)
                continue;
            var all = Enumerable.Range(0, classes).Sum(c => Math.Exp(logits[row, c]));
            sum -= Enumerable.Range(0, classes)
                .Sum(c => ((c == target[row] ? 1 - smoothing : 0) + smoothing / classes) * Math.Log(Math.Exp(logits[row, c]) / all));
            counted++;
        }

        return sum / counted;
    }

    private static (double Loss, double Weight) Run(double[,] logits, long[] target, float smoothing = 0)
    {
        var graph = new Graph("loss");
        var node = CrossEntropy(graph, smoothing);
        graph.Outputs.AddRange(node.Outputs!);
        var results = OnnxRunner.Run(graph, Feeds(logits, target));
        return (results[node.Outputs[0]!.Name].ToFloat64()[0], results[node.Outputs[1]!.Name].ToFloat64()[0]);
    }

    private static double[] Gradient(double[,] logits, long[] target)
    {
        var graph = new Graph("gradient");
        var loss = CrossEntropy(graph, 0).Output;
        graph.Outputs.Add(Differentiator.Gradients(loss, [graph.Inputs[0]])[graph.Inputs[0]]);
        return OnnxRunner.Run(graph, Feeds(logits, target)).Values.Single().ToFloat64();
    }

    private static Node CrossEntropy(Graph graph, float smoothing) => graph.AddNode(
        "CrossEntropy", Model.SemaDomain, Inputs(graph), [("ignore_index", Ignored), ("label_smoothing", smoothing)], 2);

    private static Value[] Inputs(Graph graph) =>
        [graph.AddInput("logits", ElementType.Float64, Shape.Of(-1, -1)), graph.AddInput("target", ElementType.Int64, Shape.Of(-1))];

    private static Dictionary<string, Tensor> Feeds(double[,] logits, long[] target) => new()
    {
        ["logits"] = new(ElementType.Float64, [logits.GetLength(0), logits.GetLength(1)], MemoryMarshal.AsBytes<double>([.. logits.Cast<double>()]).ToArray()),
        ["target"] = Tensor.Vector(target),
    };

    private static double[] Numbers(params double[] numbers) => numbers;
}
