using Sema.Onnx.Graphs.Autodiff;

namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class TrainingRecurrenceTests
{
    private const long Steps = 4, Batch = 3, Width = 2, Hidden = 5;

    private static readonly string[] Activations = ["Sigmoid", "Tanh", "Relu"], Named = ["Tanh", "tanh"];

    [TestMethod]
    [DataRow("LSTM", "forward", 3)]
    [DataRow("LSTM", "forward", 7)]
    [DataRow("LSTM", "reverse", 4)]
    [DataRow("LSTM", "bidirectional", 7)]
    [DataRow("GRU", "forward", 3)]
    [DataRow("GRU", "reverse", 4)]
    [DataRow("GRU", "bidirectional", 6)]
    [DataRow("RNN", "forward", 3)]
    [DataRow("RNN", "reverse", 4)]
    [DataRow("RNN", "bidirectional", 6)]
    public void The_training_form_computes_what_the_operator_does(string op, string direction, int inputs)
    {
        var (plain, feeds) = Recurrent(op, inputs, ("direction", direction));
        var (training, _) = Recurrent(op, inputs, ("direction", direction));
        Assert.IsTrue(TrainingRecurrence.Run(training));
        Assert.Contains($"com.sema.{op}Training", training.Nodes.Select(n => n.QualifiedType));
        Assert.DoesNotContain(op, training.Nodes.Select(n => n.QualifiedType));
        Assert.IsFalse(TrainingRecurrence.Run(training));

        var (expected, actual) = (OnnxRunner.Run(plain, feeds), OnnxRunner.Run(training, feeds));

        foreach (var (name, y) in expected)
        {
            CollectionAssert.AreEqual(y.Dims.ToArray(), actual[name].Dims.ToArray());
            foreach (var (a, b) in y.ToFloat64().Zip(actual[name].ToFloat64()))
                Assert.AreEqual(a, b, 1e-6);
        }
    }

    [TestMethod]
    [DataRow("LSTM", "clip")]
    [DataRow("LSTM", "input_forget")]
    [DataRow("LSTM", "activations")]
    [DataRow("LSTM", "sequence_lens")]
    [DataRow("LSTM", "peepholes")]
    [DataRow("GRU", "linear_before_reset")]
    [DataRow("GRU", "activations")]
    [DataRow("RNN", "activations")]
    [DataRow("RNN", "sequence_lens")]
    public void Other_forms_stay_as_they_are(string op, string feature)
    {
        var (graph, _) = feature switch
        {
            "clip" => Recurrent(op, 3, ("clip", 1f)),
            "input_forget" => Recurrent(op, 3, ("input_forget", 1L)),
            "activations" => Recurrent(op, 3, new Attribute("activations", Activations[^Functions(op)..])),
            "linear_before_reset" => Recurrent(op, 3, ("linear_before_reset", 0L)),
            _ => Recurrent(op, op == "LSTM" ? 7 : 6),
        };
        var node = graph.Nodes.Single();
        if (feature == "sequence_lens")
            node.Inputs[4] = graph.AddInput("lengths", ElementType.Int32, Shape.Of(Batch));
        if (feature == "peepholes")
            node.Inputs.Add(graph.AddInput("p", ElementType.Float32, Shape.Of(1, 3 * Hidden)));

        Assert.IsFalse(TrainingRecurrence.Run(graph));
        Assert.AreEqual(op, graph.Nodes.Single().OpType);
    }

    [TestMethod]
    public void Default_activations_may_be_named()
    {
        var (graph, _) = Recurrent("RNN", 4, ("direction", "bidirectional"), new Attribute("activations", Named));
        Assert.IsTrue(TrainingRecurrence.Run(graph));
    }

    private static int Functions(string op) => op switch { "LSTM" => 3, "GRU" => 2, _ => 1 };

    private static (Graph Graph, Dictionary<string, Tensor> Feeds) Recurrent(string op, int inputs, params Attribute[] attributes)
    {
        var (graph, feeds, random) = (new Graph("recurrent"), new Dictionary<string, Tensor>(), new Random(3));
        var d = attributes.Any(a => a is { Name: "direction", Value: "bidirectional" }) ? 2 : 1;
        var rows = Hidden * (op switch { "LSTM" => 4, "GRU" => 3, _ => 1 });
        long[][] sizes = [[Steps, Batch, Width], [d, rows, Width], [d, rows, Hidden], [d, 2 * rows], [], [d, Batch, Hidden], [d, Batch, Hidden]];
        var values = sizes[..inputs].Select((s, i) =>
        {
            if (s.Length == 0)
                return null;
            feeds[$"x{i}"] = GradientCheck.TensorOf(ElementType.Float32, s, [.. Enumerable.Range(0, (int)Tensor.ElementCount(s)).Select(_ => random.NextDouble() - 0.5)]);
            return graph.AddInput($"x{i}", ElementType.Float32, Shape.Of(s));
        });
        Attribute[] linear = op == "GRU" ? [("linear_before_reset", 1L)] : [];
        var node = graph.AddNode(op, "", values, [("hidden_size", Hidden), .. linear, .. attributes], op == "LSTM" ? 3 : 2);
        foreach (var (i, output) in node.Outputs.Index())
            graph.Outputs.Add(graph.Renamed(output!, $"y{i}"));
        return (graph, feeds);
    }
}
