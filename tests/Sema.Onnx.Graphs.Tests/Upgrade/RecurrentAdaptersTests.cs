using Sema.Onnx.Graphs.Serialization;

namespace Sema.Onnx.Graphs.Upgrade;

/// <summary>Layout 1, which ONNX Runtime's CPU provider refuses: compared with the same node of layout 0 on transposed values.</summary>
[TestClass]
public sealed class RecurrentAdaptersTests
{
    private const int Steps = 4, Batch = 3, Width = 2, Hidden = 5;

    private static readonly int[] Opsets = [14, 21, 22];

    private static readonly (string Op, string[] Outputs)[] Operators = [("RNN", ["01", "0", "1"]), ("GRU", ["01", "0", "1"]), ("LSTM", ["012", "0", "1", "2", "12"])];

    public static IEnumerable<object[]> Cases =>
        from op in Operators
        from opset in Opsets
        from outputs in op.Outputs
        select new object[] { op.Op, opset, outputs };

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Batch_before_time_becomes_time_before_batch(string op, int opset, string outputs)
    {
        var (batchFirst, timeFirst) = (Sketch(op, opset, outputs, 1), Sketch(op, 14, outputs, 0));

        OpsetUpgrade.Run(batchFirst);

        var node = batchFirst.Graph.Nodes.Single(n => n.OpType == op);
        Assert.IsFalse(node.Has("layout"));
        Assert.AreEqual(outputs, string.Concat(node.Outputs.Select((o, i) => o is null ? "" : $"{i}")));
        foreach (var (expected, actual) in ModelRun.Run(timeFirst, 1).Zip(ModelRun.Run(batchFirst, 1), (e, a) => (e, a)))
            Assert.IsTrue(expected.Agrees(actual), $"[{expected.Shape}] and [{actual.Shape}]");
    }

    [TestMethod]
    public void Layout_0_is_left_alone()
    {
        var model = Sketch("LSTM", 21, "012", 0);
        var before = ModelWriter.Write(model);

        OpsetUpgrade.Run(model);

        CollectionAssert.AreEqual(before, ModelWriter.Write(model));
    }

    // All inputs and outputs of the model have the batch first; around a node of layout 0 stand transposes.
    private static Model Sketch(string op, int opset, string outputs, long layout)
    {
        var model = new Model(new Graph("sketch")) { IrVersion = 10 };
        model.Opsets[""] = opset;
        var (graph, rows, random) = (model.Graph, Hidden * (op switch { "RNN" => 1, "GRU" => 3, _ => 4 }), new Random(20240209));
        var lengths = graph.AddInitializer("lengths", new(ElementType.Int32, [Batch], new byte[] { 4, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0 }));
        List<Value?> inputs =
        [
            Turned(graph.AddInput("X", ElementType.Float32, Shape.Of(Batch, Steps, Width)), 1, 0, 2),
            Drawn("W", 2, rows, Width), Drawn("R", 2, rows, Hidden), null, lengths,
            Turned(graph.AddInput("h", ElementType.Float32, Shape.Of(Batch, 2, Hidden)), 1, 0, 2),
        ];
        if (op == "LSTM")
            inputs.Add(Turned(graph.AddInput("c", ElementType.Float32, Shape.Of(Batch, 2, Hidden)), 1, 0, 2));
        var node = graph.AddNode(op, "", inputs, [("hidden_size", Hidden), ("direction", "bidirectional")], 0);
        if (layout == 1)
            node.Set(("layout", 1));
        foreach (var output in outputs.Select(o => o - '0'))
        {
            var made = node.NeedOutput(output, ElementType.Float32);
            graph.Outputs.Add((output == 0 ? Turned(made, 2, 0, 1, 3) : Turned(made, 1, 0, 2)).As(ElementType.Undefined));
        }

        return model;

        Value Turned(Value value, params long[] permutation) => layout == 1 ? value : value.Transpose(permutation);

        Value Drawn(string name, params long[] dims) =>
            graph.AddInitializer(name, Tensor.Floats(dims, [.. Enumerable.Range(0, (int)Tensor.ElementCount(dims)).Select(_ => random.NextSingle() - 0.5f)]));
    }
}
