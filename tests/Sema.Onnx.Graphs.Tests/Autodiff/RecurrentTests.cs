namespace Sema.Onnx.Graphs.Autodiff;

[TestClass]
public sealed class RecurrentTests
{
    // T = 2, H = 1, hₜ = xₜ + r hₜ₋₁ + p, with the whole loss on h₂ = x₂ + r (x₁ + r h₀ + p) + p:
    // dr = (x₁ + r h₀ + p) + r h₀, dp = 1 + r, dh₀ = r².
    [TestMethod]
    public void Linear_recurrence_of_two_steps_as_by_hand()
    {
        var sketch = new GraphSketch();
        Value x = sketch.Input("x", [2, 1, 1], 3, 5), w = sketch.Input("w", [1, 1, 1], 1), r = sketch.Input("r", [1, 1, 1], 2);
        Value b = sketch.Input("b", [1, 2], 0.5, 0), h0 = sketch.Input("h0", [1, 1, 1], 7);
        var node = Node(sketch.Graph, "RNN", [x, w, r, b, null, h0], ("hidden_size", 1), new("activations", (string[])["Affine"]),
            new("activation_alpha", (float[])[1f]), new("activation_beta", (float[])[0f]));
        foreach (var value in new[] { node.Outputs[0]!, node.Outputs[1]! })
            value.Shape = Shape.Of(Enumerable.Repeat(1L, value == node.Outputs[0] ? 4 : 3));

        var loss = node.Outputs[1]!.SumAll();
        var gradients = Differentiator.Gradients(loss, [r, b, h0]);
        Passes.DoubleKernels.Run(sketch.Graph);
        var found = sketch.Run(gradients[r], gradients[b], gradients[h0]);

        CollectionAssert.AreEqual((double[])[(3 + 14 + 0.5) + 14], found[0]);
        CollectionAssert.AreEqual((double[])[3, 3], found[1]);
        CollectionAssert.AreEqual((double[])[4], found[2]);
    }

    // One product of all steps for the gates, one function for what goes step by step: no Scan but within it.
    [TestMethod]
    public void Only_peepholes_leave_a_Scan_in_the_graph() => Assert.AreEqual("0 of the others, 1 with peepholes",
        $"{Scans(c => c.Inputs.Length < 8)} of the others, {Scans(c => c.Inputs.Length == 8)} with peepholes");

    [TestMethod]
    [DataRow("Swish,Tanh,Tanh", 4L, "'swish'")]
    [DataRow("Sigmoid,Tanh", 4L, "2 activations are named; 3 are needed")]
    [DataRow("Sigmoid,Tanh,Tanh", 0L, "hidden_size is 0")]
    public void What_the_operator_does_not_know_is_refused_with_the_name_of_the_node(string activations, long hidden, string message)
    {
        var graph = new Graph("refused");
        var inputs = Enumerable.Range(0, 3).Select(i => graph.AddInput($"x{i}", ElementType.Float32, Shape.Of(-1, -1, -1))).ToArray();
        var node = Node(graph, "LSTM", inputs, ("hidden_size", hidden), new("activations", activations?.Split(',') ?? []));
        (node.Name, node.Output.Shape) = ("encoder/lstm", Shape.Of(-1, -1, -1, -1));

        var e = Assert.ThrowsExactly<InvalidModelException>(() => Differentiator.Gradients(node.Output.SumAll(), inputs));

        Assert.Contains(message, e.Message);
        Assert.Contains("'encoder/lstm'", e.Message);
    }

    private static int Scans(Func<GradientCase, bool> which) => GradientCases.Of("LSTM").Where(which).Take(6)
        .Max(c => GradientCheck.GradientGraph(c).Nodes.Count(n => n.OpType == "Scan"));

    private static Node Node(Graph graph, string op, Value?[] inputs, params Attribute[] attributes) => graph.AddNode(op, "", inputs, attributes, 2);
}
