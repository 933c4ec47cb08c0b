namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class ScanToLoopTests
{
    [TestMethod]
    [DataRow(0L, 0L, 0L, 0L)]
    [DataRow(1L, 0L, 0L, 0L)]
    [DataRow(0L, 1L, 1L, 0L)]
    [DataRow(1L, -1L, 1L, 1L)]
    [DataRow(1L, 1L, 0L, -1L)]
    public void Loop_gives_what_the_scan_gave(long inputDirection, long inputAxis, long outputDirection, long outputAxis)
    {
        var graph = new Graph("outer");
        Value h = graph.AddInput("h", ElementType.Float32, Shape.Of(3)), xs = graph.AddInput("xs", ElementType.Float32, Shape.Of(3, 3));
        var body = new Graph("body", graph);
        Value state = body.AddInput("state", ElementType.Float32, null), x = body.AddInput("x", ElementType.Float32, null);
        var next = body.Emit("Add", [body.Emit("Mul", [state, h]), x]);
        body.Outputs.AddRange([next, body.Emit("Mul", [next, x])]);
        var scan = graph.AddNode("Scan", "", [h, xs],
            [new("body", body), ("num_scan_inputs", 1L), ("scan_input_directions", [inputDirection]), ("scan_input_axes", [inputAxis]),
                ("scan_output_directions", [outputDirection]), ("scan_output_axes", [outputAxis])], 2);
        graph.Rename(scan.Outputs[0]!, "last");
        graph.Rename(scan.Outputs[1]!, "all");
        graph.Outputs.AddRange(scan.Outputs!);
        var inputs = new Dictionary<string, Tensor> { ["h"] = Tensor.Floats([3], [1, 2, 3]), ["xs"] = Tensor.Floats([3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]) };
        OnnxRunner.InferShapes(graph);
        Assert.AreEqual("[3], [3, 3]", string.Join(", ", scan.Outputs.Select(o => o!.Shape)));
        var expected = OnnxRunner.Run(graph, inputs);

        Assert.IsTrue(ScanToLoop.Run(graph));
        Assert.IsFalse(ScanToLoop.Run(graph));

        Assert.IsTrue(graph.AllNodes.All(n => n.OpType != "Scan"));
        foreach (var (name, tensor) in OnnxRunner.Run(graph, inputs))
            CollectionAssert.AreEqual(expected[name].ToFloat64(), tensor.ToFloat64(), name);
    }

    [TestMethod]
    public void Scan_of_opset_8_loops_over_the_batch_and_the_sequence()
    {
        var graph = new Graph("outer");
        Value h = graph.AddInput("h", ElementType.Float32, Shape.Of(2, 3)), xs = graph.AddInput("xs", ElementType.Float32, Shape.Of(2, 4, 3));
        var body = new Graph("body", graph);
        Value state = body.AddInput("state", ElementType.Float32, Shape.Of(3)), x = body.AddInput("x", ElementType.Float32, Shape.Of(3));
        var next = body.Emit("Add", [state, x]);
        body.Outputs.AddRange([next, body.Emit("Mul", [next, x])]);
        var scan = graph.AddNode("Scan", "", [null, h, xs], [new("body", body), ("num_scan_inputs", 1L)], 2);
        graph.Outputs.AddRange(scan.Outputs!);
        var model = new Model(graph) { Opsets = { [""] = 8 } };
        Upgrade.OpsetUpgrade.Run(model);
        OnnxRunner.InferShapes(graph);

        ScanToLoop.Run(graph);
        ExplicitCaptures.Run(graph);
        OnnxRunner.InferShapes(graph);

        Assert.AreEqual(2, graph.AllNodes.Count(n => n.OpType == "Loop"));
        Assert.AreEqual("[2, 3], [2, 4, 3]", string.Join(", ", graph.Outputs.Select(o => o.Shape)));
        var loss = graph.Outputs[1].SumAll();
        var gradient = Autodiff.Differentiator.Gradients(loss, [h])[h];
        graph.Outputs.Clear();
        graph.Outputs.Add(gradient);

        // y_t = (h + x_0 + ... + x_t)·x_t:  dh = Σ x_t
        var random = new Random(1);
        float[] numbers = [.. Enumerable.Range(0, 24).Select(_ => random.Next(9) - 4f)];
        var result = OnnxRunner.Run(graph, new Dictionary<string, Tensor> { ["h"] = Tensor.Floats([2, 3], new float[6]), ["xs"] = Tensor.Floats([2, 4, 3], numbers) });
        double[] expected = [.. Enumerable.Range(0, 6).Select(i => Enumerable.Range(0, 4).Sum(t => (double)numbers[(i / 3 * 12) + (t * 3) + (i % 3)]))];
        CollectionAssert.AreEqual(expected, result.Values.Single().ToFloat64());
    }
}
