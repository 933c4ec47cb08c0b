using Sema.Onnx.Graphs.Autodiff;

namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class RecomputeActivationsTests
{
    private const long Rows = 4096, Width = 8;

    [TestMethod]
    public void What_is_made_of_a_kept_value_is_computed_again_to_the_same_bits()
    {
        // Mish's gradient reads a, so a lives on, and mish(a), which the next product's gradient reads, need not.
        var (before, after) = Both(a => Mish(a));

        Assert.AreEqual((1, 2), (Count(before, "Mish"), Count(after, "Mish")));
        var (a, copy) = (after.Nodes.Find(n => n.OpType == "MatMul")!.Output, after.Nodes.FindLast(n => n.OpType == "Mish")!);
        Assert.AreEqual(("After", a), (copy[0].Producer!.OpType, copy[0].Producer![0]));
        Assert.IsGreaterThan(after.Nodes.FindIndex(n => n.Inputs.Exists(v => v?.Name == "seed")), after.Nodes.IndexOf(copy), "The copy is part of the backward half.");
        Assert.IsLessThan(Peak(before), Peak(after));
        Same(before, after);
    }

    [TestMethod]
    public void What_would_keep_as_many_bytes_stays()
    {
        // Tanh's gradient reads tanh(a) alone: a itself is done with.
        var (before, after) = Both(a => a.Tanh());
        CollectionAssert.AreEqual(before.Nodes.ConvertAll(n => n.OpType), after.Nodes.ConvertAll(n => n.OpType));
    }

    [TestMethod]
    public void What_stands_between_is_computed_again_as_well()
    {
        // a + 1 is read by nothing of the backward half, its Relu twice; Mish keeps a.
        var (before, after) = Both(a => Mish(a) + a.Graph.Emit("Relu", [a + 1]).Identity());

        Assert.AreEqual(1, Count(after, "Relu") - Count(before, "Relu"));
        var copy = after.Nodes.FindLast(n => n.OpType == "Relu")!;
        Assert.AreEqual(("Add", "After"), (copy[0].Producer!.OpType, copy[0].Producer![0].Producer!.OpType));
        Assert.AreSame(copy.Output, after.Nodes.Find(n => n.OpType == "ReluGrad")![1], "One copy serves both readers.");
        Assert.IsLessThan(Peak(before), Peak(after));
        Same(before, after);
    }

    [TestMethod]
    public void A_chain_is_kept_at_every_fourth_value()
    {
        var (before, after) = Both(a => Mish(Mish(Mish(Mish(Mish(a))))));
        Assert.AreEqual((5, 9), (Count(before, "Mish"), Count(after, "Mish")));
        var twice = after.Nodes.Where(n => n.OpType == "Mish").Skip(5).Select(n => n[0].Producer!.OpType).ToList();
        CollectionAssert.AreEqual((string[])["After", "After", "Mish", "Mish"], twice);   // the fifth of the fourth; the first of a, then the second and the third
        Assert.IsLessThan(Peak(before), Peak(after));
        Same(before, after);
    }

    [TestMethod]
    public void Products_small_values_and_outputs_stay()
    {
        Assert.IsFalse(Recomputed(Graph(a => a.MatMul(a.Graph.Find("v")!).Tanh(), Rows).Graph));
        Assert.IsFalse(Recomputed(Graph(Mish, 16).Graph));
        var (graph, mish) = Graph(Mish, Rows);
        graph.Outputs.Add(mish);
        Assert.IsFalse(Recomputed(graph));
    }

    private static Value Mish(Value x) => x.Graph.Emit("Mish", [x]);

    // x [n, 8] → a = x u → f(a) → mean of (f(a) v)²
    private static (Graph Graph, Value Hidden) Graph(Func<Value, Value> hidden, long rows)
    {
        var graph = new Graph("test");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(rows, Width));
        Value u = graph.AddInput("u", ElementType.Float32, Shape.Of(Width, Width)), v = graph.AddInput("v", ElementType.Float32, Shape.Of(Width, Width));
        var h = hidden(x.MatMul(u));
        var loss = h.MatMul(v).Square().Mean([0, 1], keep: false);
        graph.Outputs.Add(graph.Renamed(loss, "loss"));
        FloatRunner.InferShapes(graph, Feeds(rows));
        return (graph, h);
    }

    private static bool Recomputed(Graph graph)
    {
        var (loss, forward, seed) = (graph.Find("loss")!, graph.Nodes.Count, graph.AddInitializer("seed", Tensor.Scalar(1, ElementType.Float32)));
        foreach (var (weight, gradient) in Differentiator.Gradients(loss, [graph.Find("u")!, graph.Find("v")!], seed))
            graph.Outputs.Add(graph.Renamed(gradient, $"d{weight.Name}"));
        var changed = RecomputeActivations.Run(graph, forward, loss, seed);
        Assert.IsFalse(RecomputeActivations.Run(graph, forward, loss, seed), "The pass ran twice and changed something again.");
        return changed;
    }

    private static (Graph Before, Graph After) Both(Func<Value, Value> hidden)
    {
        var (before, after) = (Graph(hidden, Rows).Graph, Graph(hidden, Rows).Graph);
        foreach (var (weight, gradient) in Differentiator.Gradients(before.Find("loss")!, [before.Find("u")!, before.Find("v")!]))
            before.Outputs.Add(before.Renamed(gradient, $"d{weight.Name}"));
        Recomputed(after);
        return (before, after);
    }

    private static int Count(Graph graph, string op) => graph.Nodes.Count(n => n.OpType == op);

    private static void Same(Graph before, Graph after)
    {
        using FloatRunner expected = new(before), actual = new(after);
        var feeds = Feeds(Rows);
        var y = actual.Run(feeds);
        foreach (var (name, value) in expected.Run(feeds))
            CollectionAssert.AreEqual(value, y[name], name);
    }

    // The most bytes that live at once when the nodes run in their order, each value from its node to its last reader; a view of another has none.
    private static long Peak(Graph graph)
    {
        FloatRunner.InferShapes(graph, Feeds(Rows));
        var last = graph.Nodes.SelectMany((n, i) => n.Inputs.OfType<Value>().Select(v => (Value: Source(v), Index: i))).GroupBy(r => r.Value).ToDictionary(g => g.Key, g => g.Max(r => r.Index));
        var (live, peak) = (0L, 0L);
        foreach (var (i, node) in graph.Nodes.Index())
        {
            live += node.Outputs.OfType<Value>().Where(v => Source(v) == v).Sum(Bytes);
            peak = Math.Max(peak, live);
            live -= last.Where(v => v.Value == i && v.Key.Producer is not null).Sum(v => Bytes(v.Key));
        }

        return peak;
    }

    private static Value Source(Value value) => value.Producer is { OpType: "After" or "Identity" } view ? Source(view[0]) : value;

    private static long Bytes(Value value) => value.KnownShape.Count * sizeof(float);

    private static Dictionary<string, double[]> Feeds(long rows)
    {
        var random = new Random(5);
        return new() { ["x"] = Draw(rows * Width), ["u"] = Draw(Width * Width), ["v"] = Draw(Width * Width) };

        double[] Draw(long count) => [.. Enumerable.Range(0, (int)count).Select(_ => random.NextDouble() - 0.5)];
    }
}
