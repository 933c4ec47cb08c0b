using Sema.Onnx.Artifacts;
using Sema.Onnx.Graphs.Losses;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;
using Sema.Onnx.Training;

namespace Sema.Onnx.Graphs.Composition;

[TestClass]
public sealed class ComposerTests
{
    private const int Batch = 4;

    private static readonly float[] Points = TestModels.Random(1, Batch * TinyModels.Features);
    private static readonly long[] Labels = [2, 0, 1, 1];

    [TestMethod]
    public void Training_computes_the_loss_the_norm_and_a_gradient_for_each_weight()
    {
        var graphs = Compose(TinyModels.Mlp());
        Assert.AreEqual("gradient/b1 gradient/b2 gradient/w1 gradient/w2 sema.gradient_norm sema.logits sema.loss",
            string.Join(' ', graphs.Training.Graph.Outputs.Select(o => o.Name).Order(StringComparer.Ordinal)));
        Assert.AreEqual("y sema.loss sema.weight", string.Join(' ', graphs.Eval.Graph.Outputs.Select(o => o.Name)));
        var training = Run(graphs.Training);
        var norm = Math.Sqrt(training.Where(o => o.Key.StartsWith("gradient/", StringComparison.Ordinal)).Sum(o => o.Value.Sum(x => (double)x * x)));
        Assert.AreEqual(norm, training[TrainingGraphs.NormName][0], 1e-6);
        Assert.AreEqual(Run(graphs.Eval)[TrainingGraphs.LossName][0], training[TrainingGraphs.LossName][0], 1e-6f);
    }

    [TestMethod]
    public void Gradients_are_the_losss_slopes()
    {
        var graphs = Compose(TinyModels.Mlp());
        var gradient = Run(graphs.Training)["gradient/w1"];
        var w = graphs.Eval.Graph.Find("w1")!;
        var start = w.Initializer!.As<float>().ToArray();
        for (var i = 0; i < start.Length; i += 7)
        {
            double At(float h)
            {
                float[] moved = [.. start];
                moved[i] += h;
                w.Initializer = Tensor.Floats([.. w.Initializer!.Dims], moved);
                return Run(graphs.Eval)[TrainingGraphs.LossName][0];
            }

            Assert.AreEqual((At(0.01f) - At(-0.01f)) / 0.02, gradient[i], 1e-4);
        }
    }

    [TestMethod]
    public void A_final_softmax_is_taken_off_for_the_loss_and_kept_in_the_outputs()
    {
        var plain = Compose(TinyModels.Mlp());
        Func<Value, Value>[] ends =
        [
            y => y.Graph.Emit("Softmax", [y]),
            y => y.Graph.Emit("LogSoftmax", [y]).Identity(),
            y => y.Graph.Emit("Softmax", [y.Unsqueeze(2)], ("axis", 1)).Squeeze(2),
            y => y.Graph.Emit("Softmax", [y]).Reshape(-1, TinyModels.Classes),
        ];
        foreach (var (end, i) in ends.Select((e, i) => (e, i)))
        {
            var graphs = Compose(TinyModels.Mlp(end: end));
            var (expected, training, eval) = (Run(plain.Training), Run(graphs.Training), Run(graphs.Eval));
            foreach (var name in expected.Keys)
                Near(expected[name], training[name], name);
            Assert.AreEqual(expected[TrainingGraphs.LossName][0], eval[TrainingGraphs.LossName][0], 1e-6f);
            var logits = Run(plain.Eval)["y"];
            var sum = logits[..3].Sum(l => Math.Exp(l));
            Assert.AreEqual(i == 1 ? logits[0] - Math.Log(sum) : Math.Exp(logits[0]) / sum, eval["y"][0], 1e-6, "the output is what the model computes");
            Assert.IsFalse(graphs.Training.Graph.Nodes.Exists(n => n.OpType is "Softmax" or "LogSoftmax"));
        }
    }

    [TestMethod]
    public void A_final_sigmoid_is_taken_off_for_binary_cross_entropy()
    {
        var options = new CompositionOptions { Loss = new BinaryCrossEntropyLoss() };
        var (plain, graphs) = (Compose(TinyModels.Mlp(), options), Compose(TinyModels.Mlp(end: y => y.Sigmoid()), options));
        var (expected, training, eval) = (Run(plain.Training), Run(graphs.Training), Run(graphs.Eval));
        foreach (var name in expected.Keys)
            Near(expected[name], training[name], name);
        Assert.AreEqual(1 / (1 + Math.Exp(-Run(plain.Eval)["y"][0])), eval["y"][0], 1e-6);
    }

    [TestMethod]
    public void Other_losses_see_the_output_as_it_is()
    {
        var graphs = Compose(TinyModels.Mlp(end: y => y.Graph.Emit("Softmax", [y])), new() { Loss = new MeanSquaredErrorLoss() });
        Assert.IsTrue(graphs.Training.Graph.Nodes.Exists(n => n.OpType == "Softmax"));
        Near(Run(graphs.Eval)["y"], Run(graphs.Training)[TrainingGraphs.LogitsName], "logits");
    }

    [TestMethod]
    public void Cross_entropy_finds_the_axis_of_the_classes()
    {
        // [4, 3] → classes last; [4, 3, 1, 1] → axis 1; [2, 2, 3] → last; [4, 3, 2, 2] with targets [4, 2, 2] → axis 1
        Assert.AreEqual((1, "[4]"), Axis(y => y));
        Assert.AreEqual((1, "[4]"), Axis(y => y.Reshape(-1, 3, 1, 1)));
        Assert.AreEqual((2, "[2, 2]"), Axis(y => y.Reshape(-1, 2, 3)));
        Assert.AreEqual((1, "[4, 2, 2]"), Axis(y => y.Unsqueeze(2, 3).Expand(y.Graph.Vector(1, 1, 2, 2))));

        static (int, string) Axis(Func<Value, Value> end)
        {
            var model = TinyModels.Mlp(end: end);
            model.Graph.Outputs[0].Shape = null;
            var graphs = Compose(model);
            return (graphs.ClassAxis, $"{Shape.Of(graphs.Target.Shape)}");
        }
    }

    [TestMethod]
    public void Accumulators_are_added_to_the_gradients()
    {
        var (plain, graphs) = (Run(Compose(TinyModels.Mlp()).Training), Compose(TinyModels.Mlp(), new() { Accumulate = true }));
        var accumulators = graphs.Layout.Parameters.ToDictionary(
            p => TrainingGraphs.Accumulator(p.Name), p => HostTensor.Of<float>([.. Enumerable.Repeat(1f, (int)p.Count)], [.. p.Shape]));
        var sums = Run(graphs.Training, accumulators);
        foreach (var parameter in graphs.Layout.Parameters)
            Near([.. plain[TrainingGraphs.Gradient(parameter.Name)].Select(g => g + 1)], sums[TrainingGraphs.Gradient(parameter.Name)], parameter.Name);
        Assert.AreEqual(Math.Sqrt(sums.Where(s => s.Key.StartsWith("gradient/", StringComparison.Ordinal)).Sum(s => s.Value.Sum(x => (double)x * x))),
            sums[TrainingGraphs.NormName][0], 1e-5, "the norm is that of the sums");
    }

    [TestMethod]
    public void A_tied_weight_is_one_parameter()
    {
        var graph = new Graph("tied");
        var x = graph.AddInput("x", ElementType.Float32, TinyModels.Batched("batch", 4));
        var w = TinyModels.Weight(graph, "w", 4, 3);
        var graphs = Compose(TinyModels.Finish(graph, x.MatMul(w.Identity()).MatMul(w.T).MatMul(w), TinyModels.Batched("batch", 3)));
        Assert.AreEqual("w", string.Join(' ', graphs.Layout.Parameters.Select(p => p.Name)));
    }

    [TestMethod]
    public void All_outputs_of_the_model_stay_in_the_evaluation()
    {
        Assert.AreEqual("y second sema.loss sema.weight", string.Join(' ', Compose(TwoOutputs()).Eval.Graph.Outputs.Select(o => o.Name)));
        Assert.AreEqual("y", Compose(TwoOutputs()).Prediction.Name);
        Assert.AreEqual("second", Compose(TwoOutputs(), new() { Output = "second" }).Prediction.Name);

        static Model TwoOutputs()
        {
            var model = TinyModels.Mlp();
            model.Graph.Outputs.Add(model.Graph.Renamed(model.Graph.Outputs[0].Exp(), "second"));
            return model;
        }
    }

    [TestMethod]
    public void A_new_head_has_the_new_number_of_classes()
    {
        var graphs = Compose(TinyModels.Mlp(), new() { Classes = 7 });
        Assert.AreEqual("[4, 7]", $"{Shape.Of(graphs.Prediction.Shape)}");
        Assert.HasCount(Batch * 7, Run(graphs.Eval)["y"]);
    }

    [TestMethod]
    public void An_output_that_is_missing_is_refused() =>
        Refused("--output: the model has no output 'z'; it has 'y'.", () => Compose(TinyModels.Mlp(), new() { Output = "z" }));

    [TestMethod]
    public void Several_inputs_need_their_shapes_by_name()
    {
        Refused("The model has 2 inputs ('x', 'second'); give the shape of each by its name.", () => Composer.OneShape(Two().Graph, [4, 4]));
        Refused("No shape is given for the model's input 'second'", () => Compose(Two(), ("x", [4, 4])));
        Refused("A shape is given for 'z', but the model has no such input; it has 'x', 'second'.", () => Compose(Two(), ("x", [4, 4]), ("z", [4, 4])));

        static Model Two()
        {
            var model = TinyModels.Mlp();
            model.Graph.AddInput("second", ElementType.Float32, TinyModels.Batched("batch", 4));
            return model;
        }

        static TrainingGraphs Compose(Model model, params (string Name, long[] Shape)[] shapes) =>
            new Composer(new(), ArtifactBuilder.Annotate).Compose(model, shapes.ToDictionary(s => s.Name, s => (IReadOnlyList<long>)s.Shape), null);
    }

    [TestMethod]
    public void An_output_that_is_a_choice_names_the_floats_before_it()
    {
        var model = TinyModels.Mlp();
        var logits = model.Graph.Outputs[0];
        model.Graph.Outputs.Clear();
        model.Graph.Outputs.Add(model.Graph.Renamed(model.Graph.Emit("ArgMax", [logits], ("axis", 1)), "choice"));
        Refused("The output 'choice' is int64, and a loss needs floats; train another value, such as 'y' (--output \"y\").", () => Compose(model));
    }

    [TestMethod]
    public void A_model_with_nothing_to_train_is_refused() => Refused("No weight is left to train", () => Compose(TinyModels.Mlp(), new() { Freeze = ["*"] }));

    [TestMethod]
    public void Data_of_another_shape_are_refused()
    {
        Refused("The model's input 'x' has the shape [batch, 4], but the data give [4, 5]", () => Compose(TinyModels.Mlp(), inputShape: [Batch, 5]));
        Refused("The model's input 'x' has the shape [batch, 4], but the data give [4, 4, 1]", () => Compose(TinyModels.Mlp(), inputShape: [Batch, 4, 1]));
    }

    [TestMethod]
    public void Targets_of_another_shape_are_refused()
    {
        Refused("[4, 3] and class targets of shape [4, 2] do not belong together", () => Compose(TinyModels.Mlp(), targetShape: [Batch, 2]));
        Refused("[4, 3] and targets of shape [4] differ", () => Compose(TinyModels.Mlp(), new() { Loss = new MeanSquaredErrorLoss() }, targetShape: [Batch]));
    }

    private static TrainingGraphs Compose(Model model, CompositionOptions? options = null, long[]? inputShape = null, long[]? targetShape = null) =>
        new Composer(options ?? new(), ArtifactBuilder.Annotate).Compose(model, Composer.OneShape(model.Graph, inputShape ?? [Batch, TinyModels.Features]), targetShape);

    private static Dictionary<string, float[]> Run(Model model, Dictionary<string, HostTensor>? more = null)
    {
        using var session = new Session(ModelWriter.Write(model));
        var inputs = new Dictionary<string, HostTensor>(more ?? [])
        {
            ["x"] = HostTensor.Of<float>(Points, Batch, TinyModels.Features),
            [TrainingGraphs.TargetName] = session.Inputs[TrainingGraphs.TargetName].Type == ElementType.Int64
                ? HostTensor.Of<long>(Labels, Batch)
                : HostTensor.Of<float>([.. Enumerable.Range(0, 12).Select(i => i % 2f)], Batch, 3),
        };
        if (session.Inputs.ContainsKey(TrainingGraphs.MaskName))
            inputs[TrainingGraphs.MaskName] = HostTensor.Of<float>([1, 1, 1, 1], Batch);
        return ModelRunner.Run(session, inputs).ToDictionary(o => o.Key, o => o.Value.As<float>().ToArray());
    }

    private static void Near(float[] expected, float[] actual, string name)
    {
        Assert.HasCount(expected.Length, actual, name);
        for (var i = 0; i < expected.Length; i++)
            Assert.AreEqual(expected[i], actual[i], 1e-6, $"{name}[{i}]");
    }

    private static void Refused(string reason, Action compose) =>
        StringAssert.Contains(Assert.ThrowsExactly<InvalidModelException>(compose).Message, reason, StringComparison.Ordinal);
}
