using System.Runtime.InteropServices;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Verification;

[TestClass]
public sealed class StagedLossTests
{
    private const int Width = 4;

    private static readonly string[] Parameters = ["w0", "w1", "w2", "w3"];

    // What is computed before a border is the same, bit for bit, whether it is handed over or computed again.
    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(3)]
    [DataRow(4)]
    public void A_stage_computes_what_the_whole_graph_does(int size)
    {
        var (model, tensors) = Chain();
        using var whole = new BoundGraph(model, tensors, 1, OptimizationLevel.Basic);
        using var staged = new StagedLoss(model, tensors, Reach.Groups(model.Graph, Parameters, size), 1, OptimizationLevel.Basic);
        var at = whole.RunScalar();

        Assert.AreEqual(at, staged.Value);
        foreach (var name in Parameters.Concat(Parameters.Reverse()))
        {
            var moved = Doubles([Width, Width], 99);
            whole.Write(name, moved);
            staged.Of(name).Write(name, moved);
            Assert.AreNotEqual(at, whole.RunScalar());
            Assert.AreEqual(whole.RunScalar(), staged.Of(name).RunScalar(), name);
            whole.Write(name, tensors[name]);
            staged.Of(name).Write(name, tensors[name]);
            Assert.AreEqual(at, staged.Of(name).RunScalar(), name);
        }
    }

    [TestMethod]
    public void A_stage_reads_nothing_that_stands_before_it()
    {
        var (model, tensors) = Chain();
        using var staged = new StagedLoss(model, tensors, Reach.Groups(model.Graph, Parameters, 1), 1, OptimizationLevel.Basic);

        Assert.IsTrue(staged.Of("w0").Reads("x"));
        Assert.IsTrue(staged.Of("w2").Reads("turned3"));   // computed once
        Assert.IsFalse(staged.Of("w2").Reads("x") || staged.Of("w2").Reads("w0") || staged.Of("w2").Reads("w1") || staged.Of("w2").Reads("w3"));
    }

    [TestMethod]
    public void Groups_begin_with_what_reaches_most() =>
        Assert.AreEqual("w0 w1, w2 w3", string.Join(", ", Reach.Groups(Chain().Model.Graph, ["w2", "w0", "w3", "w1"], 2).Select(g => string.Join(' ', g))));

    [TestMethod]
    [DataRow("w1", "h0 half skip turned2 turned3")]
    [DataRow("w2", "h1 half skip turned3")]   // the sequence is made again, of h1 and half
    [DataRow("w3", "h2 skip")]
    [DataRow("w1 w2 w3", "h0 half skip")]
    public void A_border_is_what_the_reached_part_reads(string names, string border) => Assert.AreEqual(
        border, string.Join(' ', Reach.Border(Chain().Model.Graph, names.Split(' ')).Order(StringComparer.Ordinal)));

    // Σ tanh(w₃ᵀ h₂) − ½ Σ h₀ of h₀ = tanh(x w₀ᵀ), h₁ = tanh(h₀ w₁ᵀ), h₂ = −½ [h₁, h₁ w₂ᵀ] joined from a sequence; the transposes come first, as some
    // converters leave them.
    private static (Model Model, Dictionary<string, Tensor> Tensors) Chain()
    {
        var graph = new Graph("chain");
        var shape = Shape.Of(Width, Width);
        var x = graph.AddInput("x", ElementType.Float64, shape);
        var turned = Parameters.Select((name, i) => graph.Renamed(graph.AddInput(name, ElementType.Float64, shape).T, $"turned{i}")).ToList();
        var scale = graph.Emit("Neg", [graph.Scalar(0.5, ElementType.Float64)]);
        var h0 = graph.Renamed(x.MatMul(turned[0]).Tanh(), "h0");
        var skip = graph.Renamed((h0 * scale).SumAll(), "skip");
        var h1 = graph.Renamed(h0.MatMul(turned[1]).Tanh(), "h1");
        var half = graph.Renamed((h0.DynamicShape().Slice(0, 1, 2) / graph.Vector(2)).Reshape([]), "half");
        var parts = graph.Emit("SplitToSequence", [h1, half], ("axis", 1)).As(ElementType.Undefined);
        var more = graph.Emit("SequenceInsert", [parts, h1.MatMul(turned[2])]);
        var h2 = graph.Renamed(graph.Emit("ConcatFromSequence", [more], ("axis", 1)).As(ElementType.Float64) * scale, "h2");
        var loss = turned[3].MatMul(h2).Tanh().SumAll() + skip;
        graph.Outputs.Add(graph.Renamed(loss, TrainingGraphs.LossName));
        return (new Model(graph) { Opsets = { [""] = Model.Opset } },
            graph.Inputs.Select((input, i) => (input.Name, Value: Doubles([Width, Width], i))).ToDictionary(t => t.Name, t => t.Value));
    }

    private static Tensor Doubles(long[] dims, int seed)
    {
        var random = new Random(seed);
        double[] values = [.. Enumerable.Range(0, (int)Shape.Of(dims).Count).Select(_ => random.NextDouble() - 0.5)];
        return new(ElementType.Float64, [.. dims], MemoryMarshal.AsBytes<double>(values).ToArray());
    }
}
