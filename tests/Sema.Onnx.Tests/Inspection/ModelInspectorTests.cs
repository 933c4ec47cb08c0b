using System.Text.Json;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Inspection;

[TestClass]
public sealed class ModelInspectorTests
{
    private static readonly float[] Twelve = TestModels.Random(1, 12);

    [TestMethod]
    public void A_classifier_is_told_whole()
    {
        var report = Inspect(Classifier(), new CompositionOptions { Freeze = ["frozen"] });

        Assert.IsTrue(report.Trainable, string.Join(' ', report.Obstacles.Select(o => o.Message)));
        Assert.AreEqual("x float32 [batch, 4]", Line(report.Inputs.Single()));
        Assert.AreEqual("y float32 [batch, 3]", Line(report.Outputs.Single()));
        Assert.AreEqual(21, report.Opsets["ai.onnx"]);
        Assert.AreEqual("Add 2 rule | ArgMax 1 none | Gather 1 rule | MatMul 1 rule | Mul 1 rule",
            string.Join(" | ", report.Operators.Select(o => $"{o.Name} {o.Count} {o.Gradient}")));
        Assert.AreEqual("weight [4, 3] trained | frozen [3] frozen | factor [] constant | mask [2, 3] constant | votes [2] unreached",
            string.Join(" | ", report.Constants.Select(c => $"{c.Name} [{string.Join(", ", c.Shape)}] {c.Verdict}")));
        Assert.AreEqual(new ModelTotals(12 + 3 + 1 + 6 + 2, 12, 4 * 24), report.Totals);
    }

    [TestMethod]
    public void The_report_is_json_with_sizes_as_numbers_and_symbols_as_text()
    {
        using var json = JsonDocument.Parse(Inspect(Classifier()).ToJson());
        var shape = json.RootElement.GetProperty("inputs")[0].GetProperty("shape");
        Assert.AreEqual(("batch", 4), (shape[0].GetString(), shape[1].GetInt32()));
        Assert.AreEqual("trained", json.RootElement.GetProperty("constants")[0].GetProperty("verdict").GetString());
        Assert.AreEqual(24, json.RootElement.GetProperty("totals").GetProperty("parameters").GetInt64());
        Assert.AreEqual(0, json.RootElement.GetProperty("obstacles").GetArrayLength());
    }

    [TestMethod]
    public void Running_statistics_are_told_apart()
    {
        var report = Inspect(TestModels.Model(g =>
        {
            var x = g.AddInput("x", ElementType.Float32, new Shape(new Dimension(-1, "batch"), new Dimension(2)));
            return [(g.Emit("BatchNormalization", [x, Pair("scale"), Pair("bias"), Pair("mean"), Pair("variance")]), "y")];

            Value Pair(string name) => g.AddInitializer(name, Tensor.Floats([2], [1, 2]));
        }));

        Assert.AreEqual("trained | trained | statistic | statistic", string.Join(" | ", report.Constants.Select(c => c.Verdict)));
    }

    [TestMethod]
    public void An_operator_without_a_rule_is_an_obstacle_with_its_weights()
    {
        var report = Inspect(WithMystery());

        Assert.IsFalse(report.Trainable);
        var obstacle = report.Obstacles.Single();
        Assert.AreEqual(("the mystery", "test.Mystery"), (obstacle.Node, obstacle.Operator));
        Assert.AreEqual("before", string.Join(" | ", obstacle.Weights));
        StringAssert.Contains(obstacle.Message, "--freeze \"before\"");
        Assert.AreEqual("missing", report.Operators.Single(o => o.Name == "test.Mystery").Gradient);
        Assert.IsTrue(Inspect(WithMystery(), new CompositionOptions { Freeze = ["before"] }).Trainable);
    }

    [TestMethod]
    public void A_model_that_ends_in_a_choice_names_the_floats_before_it()
    {
        var report = Inspect(TestModels.Model(g =>
        {
            var logits = g.Renamed(Rows(g, "x").MatMul(g.AddInitializer("weight", Tensor.Floats([4, 3], Twelve))), "logits");
            var y = g.Emit("ArgMax", [logits], ("axis", 1));
            y.Type = ElementType.Int64;
            return [(y, "y")];
        }));

        StringAssert.Contains(report.Obstacles.Single().Message, "--output \"logits\"");
        Assert.AreEqual("trained", report.Constants.Single().Verdict);
    }

    [TestMethod]
    public void Several_inputs_are_told_and_train()
    {
        var report = Inspect(TestModels.Model(g =>
            [((Rows(g, "a") + Rows(g, "b")).MatMul(g.AddInitializer("weight", Tensor.Floats([4, 3], Twelve))), "y")]));

        Assert.IsTrue(report.Trainable, string.Join(' ', report.Obstacles.Select(o => o.Message)));
        Assert.AreEqual("a float32 [batch, 4] | b float32 [batch, 4]", string.Join(" | ", report.Inputs.Select(Line)));
        Assert.AreEqual("trained", report.Constants.Single().Verdict);
    }

    [TestMethod]
    public void A_state_and_a_single_number_train_beside_samples_of_any_length()
    {
        var report = Inspect(Training.TinyModels.Tokens());

        Assert.IsTrue(report.Trainable, string.Join(' ', report.Obstacles.Select(o => o.Message)));
        Assert.IsEmpty(report.Notes);
        Assert.AreEqual("tokens int64 [batch, length] | in/mask:0 float32 [batch, length] | state float32 [1, batch, 3] | scale float32 []", string.Join(" | ", report.Inputs.Select(Line)));
    }

    [TestMethod]
    public void The_unnamed_axis_of_a_state_is_the_batch()
    {
        // Only a state of as many rows as the samples adds to them: x [?, 4] + state [1, ?, 4].
        var report = Inspect(TestModels.Model(g =>
        {
            var x = g.AddInput("x", ElementType.Float32, new Shape(new Dimension(-1), new Dimension(4)));
            var state = g.AddInput("state", ElementType.Float32, new Shape(new Dimension(1), new Dimension(-1), new Dimension(4)));
            var weight = g.AddInitializer("weight", Tensor.Floats([4, 3], Twelve));
            return [((x + state.Squeeze(0)).MatMul(weight), "y")];
        }));

        Assert.IsTrue(report.Trainable, string.Join(' ', report.Obstacles.Select(o => o.Message)));
    }

    [TestMethod]
    public void Weights_inside_branches_are_listed_and_trained()
    {
        var report = Inspect(TestModels.Model(g =>
        {
            var x = Rows(g, "x");
            var condition = x.SumAll().Greater(g.Scalar(0, ElementType.Float32));
            condition.Type = ElementType.Bool;
            var node = g.AddNode("If", "", [condition],
                [new Graphs.Attribute("then_branch", Branch(g, x, "then")), new Graphs.Attribute("else_branch", Branch(g, x, "else"))], 1);
            (node.Output.Type, node.Output.Shape) = (ElementType.Float32, null);
            return [(node.Output, "y")];
        }));

        Assert.IsTrue(report.Trainable, string.Join(' ', report.Obstacles.Select(o => o.Message)));
        Assert.AreEqual("trained", report.Constants.Single(c => c.Name == "then.weight").Verdict);
        Assert.AreEqual("rule", report.Operators.Single(o => o.Name == "If").Gradient);
        Assert.AreEqual(2, report.Operators.Single(o => o.Name == "MatMul").Count);

        static Graph Branch(Graph outer, Value x, string name)
        {
            var graph = new Graph(name, outer);
            var weight = graph.AddInitializer($"{name}.weight", Tensor.Floats([4, 3], Twelve));
            var result = graph.Emit("MatMul", [x, weight]);
            result.Shape = null;
            graph.Outputs.Add(result);
            return graph;
        }
    }

    [TestMethod]
    public void Branch_that_draws_random_numbers_is_an_obstacle()
    {
        var report = Inspect(TestModels.Model(g =>
        {
            var x = Rows(g, "x");
            var weight = g.AddInitializer("weight", Tensor.Floats([4, 3], Twelve));
            var condition = x.SumAll().Greater(g.Scalar(0, ElementType.Float32)).As(ElementType.Bool);
            Graph then = new("then", g), otherwise = new("else", g);
            then.Outputs.Add(then.Emit("Bernoulli", [then.Emit("MatMul", [x, weight])]));
            otherwise.Outputs.Add(otherwise.Emit("MatMul", [x, weight]));
            var node = g.AddNode("If", "", [condition], [new Graphs.Attribute("then_branch", then), new Graphs.Attribute("else_branch", otherwise)], 1);
            return [(node.Output.As(ElementType.Float32), "y")];
        }));

        // A branch that draws has no gradient: computed anew it would draw something else.
        Assert.AreEqual("If", report.Obstacles[0].Operator);
        Assert.AreEqual("weight", report.Obstacles[0].Weights.Single());
    }

    [TestMethod]
    public void Half_precision_weights_are_no_obstacle()
    {
        var report = Inspect(TestModels.Model(g =>
        {
            var x = g.AddInput("x", ElementType.Float16, new Shape(new Dimension(-1, "batch"), new Dimension(1)));
            return [(x.MatMul(g.AddInitializer("weight", new Tensor(ElementType.Float16, [1, 2], new byte[] { 0, 60, 0, 64 }))), "y")]; // 1, 2
        }));

        Assert.IsTrue(report.Trainable);
        Assert.AreEqual(("float16", "weight, stored as float16"), (report.Constants.Single().Type, report.Constants.Single().Reason));
    }

    [TestMethod]
    public void Axes_that_cannot_be_guessed_are_asked_for()
    {
        var model = TestModels.Model(g =>
        {
            var x = g.AddInput("x", ElementType.Float32, TestModels.Axes("batch", "features"));
            return [(x.MatMul(g.AddInitializer("weight", Tensor.Floats([3, 4], Twelve))), "y")];
        });

        var report = Inspect(model);

        StringAssert.Contains(report.Obstacles.Single().Message, "'x' could not be guessed");
        StringAssert.Contains(report.Notes.Single(), "are not known");
        Assert.AreEqual("trained", report.Constants.Single().Verdict);
        Assert.IsTrue(Inspect(model, options: null, 2, 3).Trainable);
    }

    [TestMethod]
    public void A_new_head_is_told_with_its_own_size()
    {
        var report = Inspect(TestModels.Model(g => [(Rows(g, "x").MatMul(g.AddInitializer("weight", Tensor.Floats([4, 3], Twelve))), "y")]),
            new CompositionOptions { Classes = 9 });

        Assert.IsTrue(report.Trainable);
        CollectionAssert.AreEqual(new long[] { 4, 9 }, report.Constants.Single().Shape.ToArray());
        Assert.AreEqual(new ModelTotals(36, 36, 144), report.Totals);
    }

    [TestMethod]
    public void An_output_that_the_model_lacks_is_an_obstacle()
    {
        var report = Inspect(Classifier(), new CompositionOptions { Output = "z" });

        StringAssert.Contains(report.Obstacles.Single().Message, "no output 'z'");
        Assert.IsTrue(report.Constants.All(c => c.Verdict == "unknown"));
    }

    [TestMethod]
    public void A_shape_that_the_input_cannot_have_is_an_obstacle()
    {
        var report = Inspect(Classifier(), options: null, 2, 5);

        Assert.IsFalse(report.Trainable);
        StringAssert.Contains(report.Obstacles[0].Message, "has the shape [batch, 4], but the data give [2, 5]");
    }

    [TestMethod]
    public void A_batch_size_that_is_baked_in_is_noted()
    {
        var report = Inspect(TestModels.Model(g =>
        {
            var x = g.AddInput("x", ElementType.Float32, Shape.Of(1, 4));
            var y = x.MatMul(g.AddInitializer("weight", Tensor.Floats([4, 3], Twelve)));
            y.Shape = Shape.Of(1, 3);
            return [(y, "y")];
        }));

        Assert.IsTrue(report.Trainable);
        StringAssert.Contains(report.Notes.Single(), "batch size of 1");
        Assert.AreEqual("x float32 [1, 4]", Line(report.Inputs.Single()));
    }

    [TestMethod]
    public void A_batch_size_that_cannot_be_lifted_is_noted_and_trains()
    {
        var report = Inspect(TestModels.Model(g =>
        {
            var (x, z) = (g.AddInput("x", ElementType.Float32, Shape.Of(1, 4)), g.AddInput("z", ElementType.Float32, Shape.Of(1, 3)));
            var y = x.MatMul(g.AddInitializer("weight", Tensor.Floats([4, 3], Twelve))) * z.Mean([0], keep: true);
            y.Shape = Shape.Of(1, 3);
            return [(y, "y")];
        }));

        Assert.IsTrue(report.Trainable, string.Join(' ', report.Obstacles.Select(o => o.Message)));
        StringAssert.Contains(report.Notes.Single(), "it cannot be lifted");
        StringAssert.Contains(report.Notes.Single(), "--batch-size 1");
    }

    [TestMethod]
    public void A_malformed_file_is_an_error()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "no model");
            Assert.ThrowsExactly<InvalidModelException>(() => ModelInspector.Inspect(path));
        }
        finally
        {
            File.Delete(path);
        }
    }

    // y = x·weight·factor + frozen + (the row of a mask that another constant chooses): constants of every kind.
    private static Model Classifier() => TestModels.Model(g =>
    {
        var weight = g.AddInitializer("weight", Tensor.Floats([4, 3], Twelve));
        var frozen = g.AddInitializer("frozen", Tensor.Floats([3], [1, 2, 3]));
        var factor = g.AddInitializer("factor", Tensor.Scalar(0.5, ElementType.Float32));
        var mask = g.AddInitializer("mask", Tensor.Floats([2, 3], [0, 1, 1, 1, 1, 0]));
        var votes = g.AddInitializer("votes", Tensor.Floats([2], [0.5f, 0.25f]));
        var row = g.Emit("ArgMax", [votes], ("axis", 0));
        row.Type = ElementType.Int64;
        var y = Rows(g, "x").MatMul(weight) * factor + frozen + g.Emit("Gather", [mask, row]);
        y.Shape = new Shape(new Dimension(-1, "batch"), new Dimension(3));
        return [(y, "y")];
    });

    private static Model WithMystery()
    {
        var model = TestModels.Model(g =>
        {
            var before = Rows(g, "x").MatMul(g.AddInitializer("before", Tensor.Floats([4, 3], Twelve)));
            var node = g.AddNode("Mystery", "test", [before], [], 1);
            node.Name = "the mystery";
            return [(node.Output.MatMul(g.AddInitializer("after", Tensor.Floats([3, 4], Twelve))), "y")];
        });
        var body = new Graph("Mystery") { IsFunctionBody = true };
        body.Outputs.Add(body.Emit("Relu", [body.AddInput("in", ElementType.Undefined, null)]));
        model.Opsets["test"] = 1;
        model.Functions.Add(new Function("test", "Mystery", [], body));
        return model;
    }

    private static Value Rows(Graph graph, string name) =>
        graph.AddInput(name, ElementType.Float32, new Shape(new Dimension(-1, "batch"), new Dimension(4)));

    private static string Line(ValueReport value) => $"{value.Name} {value.Type} [{string.Join(", ", value.Shape!)}]";

    private static ModelReport Inspect(Model model, CompositionOptions? options = null, params long[] inputShape)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, ModelWriter.Write(model));
            return ModelInspector.Inspect(path, options, inputShape.Length == 0 ? null : new Dictionary<string, IReadOnlyList<long>> { ["x"] = inputShape });
        }
        finally
        {
            File.Delete(path);
        }
    }
}
