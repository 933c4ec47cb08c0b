using Sema.Onnx.Graphs.Autodiff;

namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class UnrollLoopsTests
{
    [TestMethod]
    public void Loop_whose_state_grows_is_written_out_and_has_a_gradient()
    {
        var graph = Growing(trips: 3, out var x);
        var inputs = new Dictionary<string, Tensor> { ["x"] = Tensor.Floats([1, 2], [0.5f, 2]) };
        var expected = OnnxRunner.Run(graph, inputs);

        Assert.IsTrue(UnrollLoops.Run(graph));
        Assert.IsFalse(UnrollLoops.Run(graph));

        Assert.IsFalse(graph.AllNodes.Any(n => n.OpType == "Loop"));
        foreach (var (name, tensor) in OnnxRunner.Run(graph, inputs))
            CollectionAssert.AreEqual(expected[name].ToFloat64(), tensor.ToFloat64(), name);

        // y = [x, 2x, 4x, 8x], sums = 3x, 9x ... of the rows before: d(Σ y)/dx = 15
        OnnxRunner.InferShapes(graph);
        var gradient = Differentiator.Gradients(graph.Outputs[0].SumAll(), [x])[x];
        graph.Outputs.Clear();
        graph.Outputs.Add(gradient);
        CollectionAssert.AreEqual(new double[] { 15, 15 }, OnnxRunner.Run(graph, inputs).Values.Single().ToFloat64());
    }

    [TestMethod]
    [DataRow(10_000, DisplayName = "too many iterations")]
    [DataRow(-1, DisplayName = "as many as the run says")]
    public void Other_loops_stay(int trips) => Assert.IsFalse(UnrollLoops.Run(Growing(trips, out _)));

    [TestMethod]
    public void Loop_whose_states_keep_their_sizes_stays()
    {
        var graph = new Graph("outer");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(1, 2));
        var body = Body(graph, out var state);
        body.Outputs.Add(body.Emit("Add", [state, state]));
        graph.Outputs.Add(graph.Emit("Loop", [graph.Integer(3), null, x], new Attribute("body", body)));
        OnnxRunner.InferShapes(graph);

        Assert.IsFalse(UnrollLoops.Run(graph));
    }

    // y ← [y; 2·the last row of y], and the sums of the columns stacked.
    private static Graph Growing(int trips, out Value x)
    {
        var graph = new Graph("outer");
        x = graph.AddInput("x", ElementType.Float32, Shape.Of(1, 2));
        var body = Body(graph, out var state);
        var last = body.Emit("Slice", [state, body.Vector(-1), body.Vector(long.MaxValue), body.Vector(0)]);
        body.Outputs.AddRange([body.Emit("Concat", [state, body.Emit("Add", [last, last])], ("axis", 0)), body.Emit("ReduceSum", [state, body.Vector(0)], ("keepdims", 0))]);
        var count = trips < 0 ? graph.AddInput("trips", ElementType.Int64, Shape.Of()) : graph.Integer(trips);
        var loop = graph.AddNode("Loop", "", [count, null, x], [new("body", body)], 2);
        graph.Outputs.AddRange(loop.Outputs!);
        ExplicitCaptures.Run(graph);
        OnnxRunner.InferShapes(graph);
        return graph;
    }

    private static Graph Body(Graph graph, out Value state)
    {
        var body = new Graph("body", graph);
        body.AddInput("i", ElementType.Int64, Shape.Of());
        var condition = body.AddInput("condition", ElementType.Bool, Shape.Of());
        state = body.AddInput("state", ElementType.Undefined, null);
        body.Outputs.Add(body.Emit("Identity", [condition]));
        return body;
    }
}
