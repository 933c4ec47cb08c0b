using Sema.Onnx.Data;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Training;

namespace Sema.Onnx.Verification;

[TestClass]
public sealed partial class GradientCheckTests
{
    private const int Vocabulary = 7, Width = 5;

    [TestMethod]
    public void A_smooth_network_agrees_in_both_precisions()
    {
        var report = Passed(TinyModels.Mlp());

        Assert.AreEqual("float64", report.Precision);
        CollectionAssert.AreEqual(new[] { "w1", "b1", "w2", "b2" }, report.Parameters.Select(p => p.Name).ToList());
        CollectionAssert.AreEqual(new long[] { 5, TinyModels.Features }, report.Parameters[0].Shape.ToList());
        Assert.AreEqual(report.Parameters.Max(p => p.RelativeError), report.Worst.RelativeError);
        Assert.AreEqual(report.Parameters.Max(p => p.Float32RelativeError), report.Float32Worst!.RelativeError);
        Assert.AreEqual(1, report.Draws);
        foreach (var p in report.Parameters)
            Assert.IsGreaterThan(1e-3, Math.Abs(p.Directional));
    }

    [TestMethod]
    public void A_network_of_convolutions_and_kinks_agrees() => Assert.AreEqual("float64", Passed(TinyModels.ConvNet()).Precision);

    [TestMethod]
    [DataRow("w1", 1.001)]
    [DataRow("b2", 0.99)]
    [DataRow("w2", 0)]
    public void A_gradient_that_is_off_fails_and_is_named(string weight, double factor)
    {
        using var folder = new TemporaryFolder();

        var report = GradientCheck.Run(TinyModels.Mlp().Save(folder), new(), null, model => Scale(model.Graph, TrainingGraphs.Gradient(weight), factor));

        Assert.IsFalse(report.Passed);
        Assert.AreEqual(weight, report.Worst.Name);
        // |f g - g| over the larger of the two, or over a typical value that is at most a few times as large.
        Assert.IsInRange(0.02 * Math.Abs(1 - factor), 1.001 * Math.Abs(1 - factor) / Math.Max(1, factor), report.Worst.RelativeError);
        Assert.AreEqual(3, report.Draws);
        foreach (var p in report.Parameters.Where(p => p.Name != weight))
            Assert.IsLessThan(1e-6, p.RelativeError);
    }

    [TestMethod]
    public void A_float32_gradient_that_alone_is_off_fails()
    {
        using var folder = new TemporaryFolder();

        var report = GradientCheck.Run(TinyModels.Mlp().Save(folder), new(), null, model =>
        {
            if (model.Graph.Find("x")!.Type == ElementType.Float32)
                Scale(model.Graph, TrainingGraphs.Gradient("w1"), 1.1);
        });

        Assert.IsFalse(report.Passed);
        Assert.AreEqual("w1", report.Float32Worst!.Name);
        Assert.IsLessThan(1e-6, report.Worst.RelativeError);
    }

    [TestMethod]
    public void Several_inputs_and_outputs_and_indices_are_drawn_to_fit()
    {
        var report = Passed(Embedding());

        CollectionAssert.AreEqual(new[] { "tokens", "mask", "bias" }, report.Inputs.Select(i => i.Name).ToList());
        CollectionAssert.AreEqual(new[] { $"0..{Vocabulary - 1}", "1", "normal" }, report.Inputs.Select(i => i.Range).ToList());
        CollectionAssert.AreEqual(new[] { "int64", "int64", "float32" }, report.Inputs.Select(i => i.Type).ToList());
        CollectionAssert.AreEqual(report.Inputs[0].Shape.ToList(), report.Inputs[1].Shape.ToList());
        CollectionAssert.AreEqual(new[] { "y", "pooled" }, report.Terms.ToList());
    }

    [TestMethod]
    public void The_floats_before_an_integer_output_are_checked()
    {
        var report = Passed(TinyModels.Mlp(end: y =>
        {
            y.Graph.Rename(y, "scores");
            return y.Graph.Emit("ArgMax", [y], ("axis", 1), ("keepdims", 1)).As(ElementType.Int64);
        }));

        CollectionAssert.AreEqual(new[] { "scores" }, report.Terms.ToList());
        Assert.HasCount(4, report.Parameters);
    }

    // Σ softmax(x w + b 1ᵀ) does not depend on b, a constant over the axis of the softmax.
    [TestMethod]
    public void A_gradient_that_is_zero_by_symmetry_passes()
    {
        var report = Passed(OfVector((x, graph) => graph.Emit("Softmax", [x.MatMul(TinyModels.Weight(graph, "w", Width, Width)) + TinyModels.Weight(graph, "b", 1)], ("axis", -1))));

        var shift = report.Parameters.Single(p => p.Name == "b");
        Assert.IsLessThan(1e-12, shift.GradientNorm);
    }

    // y = relu(1e-11 x w + b) with b = 0: every step of b crosses kinks.
    [TestMethod]
    public void Differences_across_kinks_are_taken_on_the_piece_that_the_weights_are_on()
    {
        var report = Passed(Faded());

        Assert.AreEqual(1, report.Draws);
        Assert.IsTrue(report.Parameters.Single(p => p.Name == "b").ChoicesHeld);
        Assert.IsFalse(report.Parameters.Single(p => p.Name == "w").ChoicesHeld);
    }

    // Four layers of ReLU, maximum, |x| and clip: kinks within reach of every step that rounding leaves digits of.
    [TestMethod]
    public void A_network_with_many_kinks_agrees_by_far() => Assert.IsLessThan(1e-7, Passed(Kinked()).Worst.RelativeError);

    [TestMethod]
    [DataRow("w0", 1.001)]
    [DataRow("w2", 1.001)]
    [DataRow("b3", 0)]
    public void A_gradient_that_is_off_in_a_network_with_many_kinks_fails(string weight, double factor)
    {
        using var folder = new TemporaryFolder();

        var report = GradientCheck.Run(Kinked().Save(folder), new(), null, model => Scale(model.Graph, TrainingGraphs.Gradient(weight), factor));

        Assert.IsFalse(report.Passed);
        Assert.AreEqual(weight, report.Worst.Name);
    }

    // A term that a rule forgets: the gradient does not flow through the clip.
    [TestMethod]
    public void A_gradient_with_a_term_dropped_fails()
    {
        using var folder = new TemporaryFolder();

        var report = GradientCheck.Run(Kinked().Save(folder), new(), null, model =>
        {
            var clip = model.Graph.Nodes.First(n => n.OpType == "Clip").Output;
            var (low, mask) = (clip.Producer!, model.Graph.Nodes.First(n => n.OpType == "Less" && n.Inputs.Contains(clip.Producer![0])).Output);
            model.Graph.Replace(mask, model.Graph.Nodes.First(n => n.OpType == "Greater" && n.Inputs.Contains(low[0])).Output);
        });

        Assert.IsFalse(report.Passed);
    }

    // ONNX Runtime fuses this even at the basic level, and its fused kernel computes the statistics of doubles in float32.
    [TestMethod]
    public void A_layer_normalisation_in_parts_keeps_its_digits()
    {
        var report = Passed(OfVector((x, graph) =>
        {
            var h = x.MatMul(TinyModels.Weight(graph, "w", Width, Width));
            var centred = h - h.Mean([-1], keep: true);
            var variance = centred.Pow(graph.Scalar(2, ElementType.Float32)).Mean([-1], keep: true);
            return (centred / (variance + 1e-5).Sqrt() * TinyModels.Weight(graph, "scale", Width) + TinyModels.Weight(graph, "shift", Width)).Tanh();
        }));

        Assert.IsLessThan(2e-8, report.Worst.RelativeError);
    }

    [TestMethod]
    public void A_wrong_gradient_at_a_kink_fails()
    {
        using var folder = new TemporaryFolder();

        var report = GradientCheck.Run(Faded().Save(folder), new(), null, model => Scale(model.Graph, TrainingGraphs.Gradient("b"), 1.01));

        Assert.IsFalse(report.Passed);
        Assert.AreEqual("b", report.Worst.Name);
    }

    // The gradient of tanh(x w + b) by b, made wrong or no number where b is zero and only there.
    [TestMethod]
    [DataRow(1.01)]
    [DataRow(double.NaN)]
    public void A_gradient_that_is_off_at_zero_alone_is_not_excused(double factor)
    {
        using var folder = new TemporaryFolder();
        var model = OfVector((x, graph) => (x.MatMul(TinyModels.Weight(graph, "w", Width, Width))
            + graph.AddInitializer("b", Tensor.Floats([Width], new float[Width]))).Tanh());

        var report = GradientCheck.Run(model.Save(folder), new(), null, m =>
        {
            var b = m.Graph.Find("b")!;
            Scale(m.Graph, TrainingGraphs.Gradient("b"), b.Abs().Greater(b.Like(0)).Where(b.Like(1), b.Like(factor)));
        });

        Assert.IsFalse(report.Passed);
        Assert.AreEqual(3, report.Draws);
    }

    // ONNX Runtime has no float64 kernel of Hardmax.
    [TestMethod]
    public void A_model_without_float64_is_checked_in_float32_alone()
    {
        var report = Passed(OfVector((x, graph) => (x.MatMul(TinyModels.Weight(graph, "w", Width, Width)) + graph.Emit("Hardmax", [x])).Tanh()));

        Assert.AreEqual("float32", report.Precision);
        Assert.AreEqual(1e-3, report.Tolerance);
        Assert.Contains("Hardmax", report.Float64Refused!);
        Assert.IsNull(report.Parameters[0].Float32RelativeError);
    }

    [TestMethod]
    public void A_wrong_gradient_in_float32_alone_fails()
    {
        using var folder = new TemporaryFolder();
        var model = OfVector((x, graph) => (x.MatMul(TinyModels.Weight(graph, "w", Width, Width)) + graph.Emit("Hardmax", [x])).Tanh());

        Assert.IsFalse(GradientCheck.Run(model.Save(folder), new(), null, m => Scale(m.Graph, TrainingGraphs.Gradient("w"), 1.01)).Passed);
    }

    [TestMethod]
    public void Inputs_are_drawn_otherwise_where_results_are_not_finite() =>
        Assert.AreEqual("0 to 1", Passed(OfVector((x, graph) => x.Log() * TinyModels.Weight(graph, "w", Width))).Inputs[0].Range);

    [TestMethod]
    public void What_a_model_draws_itself_is_held() => Passed(OfVector((x, graph) =>
        (x.MatMul(TinyModels.Weight(graph, "w", Width, Width)) + graph.Emit("RandomNormalLike", [x])).Tanh()));

    // y = the elements of h = tanh(x w) above 0, as many as there are.
    [TestMethod]
    public void The_values_before_a_choice_by_the_data_are_checked()
    {
        var report = Passed(OfVector((x, graph) =>
        {
            var h = graph.Renamed(x.MatMul(TinyModels.Weight(graph, "w", Width, Width)).Tanh(), "h");
            var chosen = graph.Emit("NonZero", [h.Greater(h.Like(0))]).As(ElementType.Int64).Transpose(1, 0);
            var y = graph.Emit("GatherND", [h, chosen]);
            graph.Outputs.Add(graph.Renamed(chosen, "chosen"));
            chosen.Shape = new(new Dimension(-1, "count"), new Dimension(2));
            return y;
        }, new(new Dimension(-1, "count"))));

        CollectionAssert.AreEqual(new[] { "h" }, report.Terms.ToList());
    }

    // ONNX Runtime rounds a float32 sigmoid at 1e-7 of 1, and clips its input at -18: of the slopes at -20 and below, nothing is left.
    [TestMethod]
    [DataRow("Sigmoid", -20, "logits")]
    [DataRow("Sigmoid", 20, "logits")]
    [DataRow("Sigmoid", 0, "y")]
    [DataRow("Softmax", 0, "y")]
    public void The_values_before_a_saturated_activation_are_checked(string activation, double shift, string term)
    {
        var report = Passed(Ending(activation, shift, 1));

        CollectionAssert.AreEqual(new[] { term }, report.Terms.ToList());
    }

    [TestMethod]
    public void The_values_before_a_softmax_that_has_decided_are_checked() =>
        CollectionAssert.AreEqual(new[] { "logits" }, Passed(Ending("Softmax", 0, 1e4)).Terms.ToList());

    [TestMethod]
    public void A_gradient_that_is_off_before_a_saturated_activation_fails()
    {
        using var folder = new TemporaryFolder();

        Assert.IsFalse(GradientCheck.Run(Ending("Sigmoid", -20, 1).Save(folder), new(), null, m => Scale(m.Graph, TrainingGraphs.Gradient("w"), 1.001)).Passed);
    }

    // Off by what a normalisation fused in float32 would be.
    [TestMethod]
    public void Graphs_that_compute_different_losses_are_an_error_of_their_own()
    {
        using var folder = new TemporaryFolder();

        var error = Assert.ThrowsExactly<GraphMismatchException>(() => GradientCheck.Run(
            TinyModels.Mlp().Save(folder), new(), null, model => Scale(model.Graph, TrainingGraphs.LossName, 1 + 1e-7)));

        Assert.AreEqual(1e-7, Math.Abs(error.Training / error.Evaluation - 1), 1e-9);
        Assert.Contains("different losses", error.Message);
    }

    [TestMethod]
    [DataRow("Concat")]
    [DataRow("Constant")]
    [DataRow("Scales")]
    public void A_model_of_large_images_is_checked_on_smaller_ones(string sizes)
    {
        var input = Passed(Enlarging(sizes)).Inputs.Single();

        CollectionAssert.AreEqual(new long[] { 1, 2, 64, 96 }, input.Shape.ToList());
        Assert.AreEqual("[1, 2, 256, 384]", input.Declared);
    }

    [TestMethod]
    [DataRow(3, 256, 384, "[3, 256, 384]", 3, 64, 96)]
    [DataRow(256, 128, 3, "[256, 128, 3]", 128, 64, 3)]
    [DataRow(1, 256, 384, null, 1, 256, 384)]   // no image
    public void A_single_large_image_is_made_smaller(int first, int second, int third, string? declared, params int[] sizes)
    {
        var graph = new Graph("single");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(first, second, third));
        var input = Passed(TinyModels.Finish(graph, (x * TinyModels.Weight(graph, "w", 1, 1, 1)).Tanh(), Shape.Of(first, second, third))).Inputs.Single();

        CollectionAssert.AreEqual(sizes.Select(s => (long)s).ToList(), input.Shape.ToList());
        Assert.AreEqual(declared, input.Declared);
    }

    // What is written twice to one place is not defined; a gradient would go to the one, a difference to the other.
    [TestMethod]
    public void Places_to_write_to_are_drawn_distinct()
    {
        var report = Passed(OfVector((x, graph) =>
        {
            var rows = TinyModels.Weight(graph, "rows", 6, Width);
            var places = graph.AddInput("places", ElementType.Int64, Shape.Of(6, 1));
            return x.MatMul(graph.Emit("ScatterND", [TinyModels.Weight(graph, "all", 8, Width), places, rows]).Reshape(Width, -1)).Slice(1, 0, Width);
        }));

        Assert.AreEqual("distinct of 0..7", report.Inputs.Single(i => i.Name == "places").Range);
    }

    // The target of the Reshape and the grid are of the declared size.
    [TestMethod]
    public void A_detector_with_a_grid_of_its_own_is_checked_on_smaller_images()
    {
        var input = Passed(Image(256, (x, graph) =>
        {
            var places = graph.Emit("Reshape", [x * TinyModels.Weight(graph, "w", 2, 1, 1), graph.Vector(1, 2, 16, 16 * 16 * 16)]);
            var grid = graph.AddInitializer("grid", Tensor.Floats([4096], [.. Enumerable.Range(0, 4096).Select(i => 0.5f + i % 64)]));
            return (places + grid).Tanh();
        })).Inputs.Single();

        CollectionAssert.AreEqual(new long[] { 1, 2, 64, 64 }, input.Shape.ToList());
    }

    // A predicted length, as of speech: Σ ceil |x W| frames of one channel each, convolved.
    [TestMethod]
    public void A_model_that_decides_a_size_itself_is_checked_at_that_size() => Passed(OfVector((x, graph) =>
    {
        var h = x.MatMul(TinyModels.Weight(graph, "w", Width, Width));
        var length = graph.Emit("Ceil", [h.Abs().SumAll()]).Cast(ElementType.Int64);
        var frames = graph.Emit("Range", [graph.Integer(0), length, graph.Integer(1)]).Cast(ElementType.Float32);
        var signal = (frames.Reshape(1, 1, -1) * h.Slice(0, 0, 1).Slice(1, 0, 1).Reshape(1, 1, 1)).Tanh();
        return graph.Emit("Conv", [signal, TinyModels.Weight(graph, "k", 1, 1, 3)], ("pads", new long[] { 1, 1 }));
    }, new Shape(new Dimension(1), new Dimension(1), new Dimension(-1, "t"))));

    // ONNX Runtime's own fusion of both for float64 fails.
    [TestMethod]
    public void A_relu_before_a_clip_agrees_in_float64() => Assert.AreEqual("float64", Passed(OfVector((x, graph) =>
        graph.Emit("Clip", [graph.Emit("Relu", [x.MatMul(TinyModels.Weight(graph, "w", Width, Width))]), graph.Scalar(0.1, ElementType.Float32), graph.Scalar(1, ElementType.Float32)]))).Precision);

    // The factor is of the declared size.
    [TestMethod]
    public void A_model_that_runs_at_its_declared_size_alone_is_checked_there()
    {
        var input = Passed(Image(128, (x, graph) => x * TinyModels.Weight(graph, "w", 1, 2, 128, 128))).Inputs.Single();

        CollectionAssert.AreEqual(new long[] { 1, 2, 128, 128 }, input.Shape.ToList());
        Assert.IsNull(input.Declared);
    }

    [TestMethod]
    public void Images_whose_size_is_given_are_not_made_smaller()
    {
        var report = Passed(Image(128, (x, graph) => x * TinyModels.Weight(graph, "w", 2, 1, 1)),
            new() { Shapes = new Dictionary<string, IReadOnlyList<long>> { ["x"] = [1, 2, 128, 128] } });

        CollectionAssert.AreEqual(new long[] { 1, 2, 128, 128 }, report.Inputs.Single().Shape.ToList());
    }

    // The grid of the hidden layer follows its largest element.
    [TestMethod]
    public void A_dynamically_quantised_layer_agrees_in_float64()
    {
        var report = Passed(OfVector((x, graph) =>
        {
            var h = x.MatMul(TinyModels.Weight(graph, "w", Width, Width)).Tanh();
            var grid = graph.AddNode("DynamicQuantizeLinear", "", [h], [], 3).Outputs;
            var integers = graph.Emit("MatMulInteger", [grid[0], graph.AddInitializer("v", new(ElementType.UInt8, [Width, Width], Enumerable.Range(0, Width * Width).Select(i => (byte)(7 * i)).ToArray())), grid[2]]);
            return integers.Cast(ElementType.Float32) * (grid[1]! * graph.AddInitializer("scale", Tensor.Floats([1], [0.01f])));
        }));

        Assert.AreEqual("float64", report.Precision);
    }

    [TestMethod]
    public void The_seed_decides_everything()
    {
        using var folder = new TemporaryFolder();
        var model = TinyModels.ConvNet().Save(folder);

        var report = GradientCheck.Run(model, new() { Seed = 5, Threads = 1 }).ToJson();

        Assert.AreEqual(report, GradientCheck.Run(model, new() { Seed = 5, Threads = 1 }).ToJson());
        Assert.AreNotEqual(report, GradientCheck.Run(model, new() { Seed = 6, Threads = 1 }).ToJson());
    }

    [TestMethod]
    public void Only_the_parameters_asked_for_are_checked()
    {
        var report = Passed(TinyModels.Mlp(), new() { Parameters = ["b*"], Directions = 2 });

        CollectionAssert.AreEqual(new[] { "b1", "b2" }, report.Parameters.Select(p => p.Name).ToList());
    }

    [TestMethod]
    public void Sizes_and_ranges_that_are_given_are_used()
    {
        var report = Passed(TinyModels.Mlp(), new()
        {
            Shapes = new Dictionary<string, IReadOnlyList<long>> { ["x"] = [3, TinyModels.Features] },
            Ranges = new Dictionary<string, (double, double)> { ["x"] = (-1, 2) },
        });

        CollectionAssert.AreEqual(new long[] { 3, TinyModels.Features }, report.Inputs[0].Shape.ToList());
        Assert.AreEqual("-1 to 2", report.Inputs[0].Range);
    }

    [TestMethod]
    [DataRow("z", 2, 4, "no input 'z'")]
    [DataRow("x", 2, 5, "does not fit")]
    public void Sizes_that_do_not_fit_are_refused(string input, int batch, int features, string says)
    {
        using var folder = new TemporaryFolder();
        var model = TinyModels.Mlp().Save(folder);

        var error = Assert.ThrowsExactly<InvalidModelException>(() => GradientCheck.Run(
            model, new() { Shapes = new Dictionary<string, IReadOnlyList<long>> { [input] = [batch, features] } }));

        Assert.Contains(says, error.Message);
    }

    [TestMethod]
    public void A_model_without_weights_is_refused()
    {
        using var folder = new TemporaryFolder();
        var model = OfVector((x, _) => x.Tanh()).Save(folder);

        Assert.Contains("no gradient to check", Assert.ThrowsExactly<InvalidModelException>(() => GradientCheck.Run(model)).Message);
    }

    [TestMethod]
    public void Patterns_that_fit_nothing_are_refused()
    {
        using var folder = new TemporaryFolder();
        var model = TinyModels.Mlp().Save(folder);

        Assert.Contains("'conv*'", Assert.ThrowsExactly<InvalidModelException>(() => GradientCheck.Run(model, new() { Parameters = ["conv*"] })).Message);
    }

    // By hand: |2 - 1| / 2, |0.001 - 0| / 0.5, the same figures, and what is no number.
    [TestMethod]
    [DataRow(2, 1, 0, 0, 0.5)]
    [DataRow(0.001, 0, 0.5, 0.1, 0.002)]
    [DataRow(0.001, 0, 0, 0.1, 0.01)]
    [DataRow(0, 0, 0, 0, 0)]
    [DataRow(double.NaN, 1, 1, 1, double.PositiveInfinity)]
    public void The_error_is_relative_to_the_largest(double directional, double difference, double typical, double negligible, double expected) =>
        Assert.AreEqual(expected, DirectionalCheck.RelativeError(directional, difference, typical, negligible), 1e-15);
}
