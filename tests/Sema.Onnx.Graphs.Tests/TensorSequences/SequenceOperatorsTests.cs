using Sema.Onnx.Graphs.Autodiff;
using Sema.Onnx.Graphs.Passes;

namespace Sema.Onnx.Graphs.TensorSequences;

[TestClass]
public sealed class SequenceOperatorsTests
{
    public static IEnumerable<object[]> Cases =>
        from name in SequenceCases.Table.Keys
        from position in new long[] { 1, -2 }
        select new object[] { name, position };

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Tensors_give_what_the_sequences_gave_and_have_gradients(string name, long position)
    {
        var (graph, feeds) = Built(name, position);
        using var forward = new OnnxRunner(graph);
        var expected = forward.Run(feeds).Values.Single().ToFloat64();

        Rewrite(graph);

        Assert.AreEqual("", string.Join(", ", graph.AllNodes.Select(n => n.OpType).Where(SequenceOperators.Rewritten.Contains)));
        CollectionAssert.AreEqual(expected, OnnxRunner.Run(graph, feeds).Values.Single().ToFloat64());

        // The gradient of Σ k·y with k = 1, 2, ...
        var y = graph.Outputs.Single();
        double[] factors = [.. Enumerable.Range(1, expected.Length).Select(k => (double)k)];
        var loss = (y.Reshape(-1) * graph.AddInitializer("k", GradientCheck.TensorOf(ElementType.Float64, [factors.Length], factors))).SumAll();
        OnnxRunner.InferShapes(graph);
        var gradients = Differentiator.Gradients(loss, [graph.Find("x")!, graph.Find("w")!]);
        graph.Outputs.Clear();
        graph.Outputs.AddRange(gradients.Values);
        var exact = OnnxRunner.Run(graph, feeds);
        foreach (var (input, gradient) in gradients)
        {
            var numeric = Differences(forward, feeds, input.Name, factors);
            foreach (var (a, b) in exact[gradient.Name].ToFloat64().Zip(numeric))
                Assert.AreEqual(b, a, 1e-7 * Math.Max(1, Math.Abs(b)), $"d{input.Name}");
        }
    }

    [TestMethod]
    public void Every_operator_has_a_case()
    {
        var used = SequenceCases.Table.Keys.SelectMany(name => Built(name, 1).Graph.AllNodes).Select(n => n.OpType).ToHashSet();

        Assert.AreEqual("", string.Join(", ", SequenceOperators.Rewritten.Except(used)));
    }

    [TestMethod]
    public void Rows_whose_number_only_the_run_can_tell_are_looped_over()
    {
        foreach (var name in new[] { "mapped with a tensor", "mapped with another sequence", "rows appended to nothing", "as many times as rows" })
        {
            var (graph, feeds) = Built(name, 1);
            graph.Find("x")!.Shape = new Shape(new Dimension(-1, "n"), new Dimension(3));
            var expected = OnnxRunner.Run(graph, feeds).Values.Single().ToFloat64();

            Rewrite(graph);

            Assert.AreEqual("", string.Join(", ", graph.AllNodes.Select(n => n.OpType).Where(SequenceOperators.Rewritten.Contains)), name);
            CollectionAssert.AreEqual(expected, OnnxRunner.Run(graph, feeds).Values.Single().ToFloat64(), name);
        }
    }

    [TestMethod]
    [DataRow("SequenceAt", 2, "Operator 'SequenceAt', node that makes 'SequenceAt': the position 2 is outside a sequence of 2 tensors.")]
    [DataRow("SequenceAt", -3, "Operator 'SequenceAt', node that makes 'SequenceAt': the position -3 is outside a sequence of 2 tensors.")]
    [DataRow("SequenceErase", 2, "Operator 'SequenceErase', node that makes 'SequenceErase': the position 2 is outside a sequence of 2 tensors.")]
    public void Positions_outside_are_refused(string op, long position, string sentence)
    {
        var graph = new Graph("outside");
        var x = graph.AddInput("x", ElementType.Float64, Shape.Of(2));
        graph.Outputs.Add(graph.Emit(op, [graph.Emit("SequenceConstruct", [x, x]).As(ElementType.Undefined), graph.Integer(position)]));

        Assert.AreEqual(sentence, Assert.ThrowsExactly<InvalidModelException>(() => SequenceOperators.Run(graph)).Message);
    }

    [TestMethod]
    public void Pieces_without_a_size_are_refused()
    {
        var graph = new Graph("pieces");
        graph.Outputs.Add(graph.Emit("SplitToSequence", [graph.AddInput("x", ElementType.Float64, Shape.Of(2)), graph.Integer(0)]).As(ElementType.Undefined));

        Assert.AreEqual("Operator 'SplitToSequence', node that makes 'SplitToSequence': pieces of the size 0 cannot be cut.",
            Assert.ThrowsExactly<InvalidModelException>(() => SequenceOperators.Run(graph)).Message);
    }

    [TestMethod]
    public void A_sequence_from_outside_stays()
    {
        var graph = new Graph("outside");
        graph.Outputs.Add(graph.Emit("SequenceLength", [graph.AddInput("sequence", ElementType.Undefined, null)]));

        Assert.IsFalse(SequenceOperators.Run(graph));
    }

    private static (Graph Graph, Dictionary<string, Tensor> Feeds) Built(string name, long position)
    {
        var graph = new Graph("case");
        Value x = graph.AddInput("x", ElementType.Float64, Shape.Of(4, 3)), w = graph.AddInput("w", ElementType.Float64, Shape.Of(3));
        var y = SequenceCases.Table[name](graph, x, w, graph.AddInput("p", ElementType.Int64, Shape.Of()));
        y.Type = ElementType.Undefined;
        graph.Outputs.Add(y);
        var random = new Random(20261122);
        return (graph, new() { ["x"] = Drawn(4, 3), ["w"] = Drawn(3), ["p"] = Tensor.Scalar(position) });

        Tensor Drawn(params long[] dims) =>
            GradientCheck.TensorOf(ElementType.Float64, dims, [.. Enumerable.Range(0, (int)dims.Aggregate((a, b) => a * b)).Select(_ => random.NextDouble() + 0.5)]);
    }

    private static void Rewrite(Graph graph)
    {
        do
        {
            ExplicitCaptures.Run(graph);
            OnnxRunner.InferShapes(graph);
        }
        while (InlineIf.Run(graph) | SequenceOperators.Run(graph) || UnrollLoops.Run(graph));
    }

    private static double[] Differences(OnnxRunner forward, Dictionary<string, Tensor> feeds, string input, double[] factors)
    {
        const double h = 1e-5;
        var start = feeds[input].ToFloat64();
        return [.. start.Select((_, i) => (Loss(i, h) - Loss(i, -h)) / (2 * h))];

        double Loss(int i, double step)
        {
            double[] moved = [.. start];
            moved[i] += step;
            var run = forward.Run(new Dictionary<string, Tensor>(feeds) { [input] = GradientCheck.TensorOf(ElementType.Float64, [.. feeds[input].Dims], moved) });
            return run.Values.Single().ToFloat64().Zip(factors, (y, k) => y * k).Sum();
        }
    }
}
