using Sema.Onnx.Graphs.Autodiff;

namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class TrainingLstmTests
{
    private const long Steps = 4, Batch = 3, Width = 2, Hidden = 5;

    private static readonly string[] Activations = ["Sigmoid", "Tanh", "Relu"];

    [TestMethod]
    [DataRow("forward", 3)]
    [DataRow("forward", 7)]
    [DataRow("reverse", 4)]
    [DataRow("bidirectional", 7)]
    public void The_training_form_computes_what_the_operator_does(string direction, int inputs)
    {
        var (plain, feeds) = Lstm(inputs, ("direction", direction));
        var (training, _) = Lstm(inputs, ("direction", direction));
        Assert.IsTrue(TrainingLstm.Run(training));
        Assert.DoesNotContain("LSTM", training.Nodes.Select(n => n.QualifiedType));
        Assert.IsFalse(TrainingLstm.Run(training));

        var (expected, actual) = (OnnxRunner.Run(plain, feeds), OnnxRunner.Run(training, feeds));

        foreach (var (name, y) in expected)
        {
            CollectionAssert.AreEqual(y.Dims.ToArray(), actual[name].Dims.ToArray());
            foreach (var (a, b) in y.ToFloat64().Zip(actual[name].ToFloat64()))
                Assert.AreEqual(a, b, 1e-6);
        }
    }

    [TestMethod]
    [DataRow("clip")]
    [DataRow("input_forget")]
    [DataRow("activations")]
    [DataRow("sequence_lens")]
    [DataRow("peepholes")]
    public void Other_forms_stay_as_they_are(string feature)
    {
        var (graph, _) = feature switch
        {
            "clip" => Lstm(3, ("clip", 1f)),
            "input_forget" => Lstm(3, ("input_forget", 1L)),
            "activations" => Lstm(3, new Attribute("activations", Activations)),
            _ => Lstm(7),
        };
        var node = graph.Nodes.Single();
        if (feature == "sequence_lens")
            node.Inputs[4] = graph.AddInput("lengths", ElementType.Int32, Shape.Of(Batch));
        if (feature == "peepholes")
            node.Inputs.Add(graph.AddInput("p", ElementType.Float32, Shape.Of(1, 3 * Hidden)));

        Assert.IsFalse(TrainingLstm.Run(graph));
        Assert.AreEqual("LSTM", graph.Nodes.Single().OpType);
    }

    private static (Graph Graph, Dictionary<string, Tensor> Feeds) Lstm(int inputs, params Attribute[] attributes)
    {
        var (graph, feeds, random) = (new Graph("lstm"), new Dictionary<string, Tensor>(), new Random(3));
        var d = attributes.Any(a => a is { Name: "direction", Value: "bidirectional" }) ? 2 : 1;
        long[][] sizes = [[Steps, Batch, Width], [d, 4 * Hidden, Width], [d, 4 * Hidden, Hidden], [d, 8 * Hidden], [], [d, Batch, Hidden], [d, Batch, Hidden]];
        var values = sizes[..inputs].Select((s, i) =>
        {
            if (s.Length == 0)
                return null;
            feeds[$"x{i}"] = GradientCheck.TensorOf(ElementType.Float32, s, [.. Enumerable.Range(0, (int)Tensor.ElementCount(s)).Select(_ => random.NextDouble() - 0.5)]);
            return graph.AddInput($"x{i}", ElementType.Float32, Shape.Of(s));
        });
        var node = graph.AddNode("LSTM", "", values, [("hidden_size", Hidden), .. attributes], 3);
        foreach (var (i, output) in node.Outputs.Index())
            graph.Outputs.Add(graph.Renamed(output!, $"y{i}"));
        return (graph, feeds);
    }
}
