using Sema.Onnx.Artifacts;
using Sema.Onnx.Graphs.Autodiff;
using Sema.Onnx.Graphs.Functions;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Graphs.Losses;

[TestClass]
public sealed class LossTests
{
    private const int Ignored = -100;

    [TestMethod]
    public void Cross_entropy_of_two_rows_by_hand()
    {
        // Row 1: log(e^0 + e^ln3) - ln3 = ln(4/3); row 2: log(e^0 + e^0) - 0 = ln 2.
        var (loss, weight, _) = Run(new CrossEntropyLoss(), [2, 2], [0, MathF.Log(3), 0, 0], [1L, 0L]);
        Assert.AreEqual((Math.Log(4.0 / 3) + Math.Log(2)) / 2, loss, 1e-6);
        Assert.AreEqual(2, weight);
    }

    [TestMethod]
    [DataRow(0.0, DisplayName = "plain")]
    [DataRow(0.2, DisplayName = "label smoothing")]
    public void Cross_entropy_and_its_gradient_follow_the_definition(double smoothing) =>
        Follows(new CrossEntropyLoss { LabelSmoothing = (float)smoothing }, [4, 3], [2L, 0L, 1L, 1L], (x, t) => CrossEntropy(x, t, 3, smoothing));

    [TestMethod]
    [DataRow(0.0)]
    [DataRow(0.1)]
    public void Ignored_targets_do_not_count(double smoothing) =>
        Follows(new CrossEntropyLoss { LabelSmoothing = (float)smoothing }, [4, 3], [2L, Ignored, 1L, Ignored], (x, t) => CrossEntropy(x, t, 3, smoothing), weight: 2);

    [TestMethod]
    public void Another_class_can_be_ignored() =>
        Follows(new CrossEntropyLoss { IgnoreIndex = 0 }, [3, 3], [2L, 0L, 1L], (x, t) => CrossEntropy(x, [.. t.Select(c => c == 0 ? Ignored : c)], 3, 0), weight: 2);

    [TestMethod]
    public void Where_all_targets_are_ignored_the_loss_and_its_gradient_are_0()
    {
        var (loss, weight, gradient) = Run(new CrossEntropyLoss(), [2, 3], TestModels.Random(1, 6), [-100L, -100L]);
        Assert.AreEqual(0, loss);
        Assert.AreEqual(0, weight);
        CollectionAssert.AreEqual(new float[6], gradient);
    }

    [TestMethod]
    public void Classes_may_be_the_last_of_three_axes() =>
        Follows(new CrossEntropyLoss(), [2, 3, 4], [2L, 0L, 1L, 3L, 3L, 1L], (x, t) => CrossEntropy(x, t, 4, 0), targetShape: [2, 3], weight: 6);

    [TestMethod]
    public void Classes_may_be_axis_1() =>
        Follows(new CrossEntropyLoss(), [2, 3, 2, 2], [2L, 0L, 1L, 1L, 0L, 0L, 2L, 1L], (x, t) => CrossEntropy(ClassesLast(x, 2, 3, 4), t, 3, 0), targetShape: [2, 2, 2], weight: 8);

    [TestMethod]
    public void Axes_of_length_1_may_follow_the_classes() =>
        Follows(new CrossEntropyLoss(), [2, 3, 1, 1], [2L, 0L], (x, t) => CrossEntropy(x, t, 3, 0), targetShape: [2], weight: 2);

    [TestMethod]
    public void Cross_entropy_does_not_overflow()
    {
        var (loss, _, gradient) = Run(new CrossEntropyLoss(), [1, 3], [1e4f, -1e4f, 0], [1L]);
        Assert.AreEqual(2e4, loss, 1);
        CollectionAssert.AreEqual(new float[] { 1, -1, 0 }, gradient);
    }

    [TestMethod]
    public void Logits_of_minus_infinity_stay_harmless()
    {
        var (loss, _, gradient) = Run(new CrossEntropyLoss(), [1, 3], [0, float.NegativeInfinity, 0], [0L]);
        Assert.AreEqual(Math.Log(2), loss, 1e-6);
        Assert.IsTrue(gradient.All(float.IsFinite));
    }

    [TestMethod]
    public void Binary_cross_entropy_follows_the_definition() => Follows(new BinaryCrossEntropyLoss(), [3, 2], [1f, 0f, 0.5f, 1f, 0f, 0.25f], (x, t) =>
        x.Zip(t, (a, b) => -b * Math.Log(1 / (1 + Math.Exp(-a))) - (1 - b) * Math.Log(1 - 1 / (1 + Math.Exp(-a)))).Average(), weight: 6);

    [TestMethod]
    public void Binary_cross_entropy_does_not_overflow()
    {
        var (loss, _, gradient) = Run(new BinaryCrossEntropyLoss(), [1, 2], [200, -200], [0f, 0f]);
        Assert.AreEqual(100, loss, 1e-3);
        Assert.AreEqual(0.5f, gradient[0]);
        Assert.AreEqual(0f, gradient[1]);
    }

    [TestMethod]
    public void Mean_squared_error_follows_the_definition() =>
        Follows(new MeanSquaredErrorLoss(), [3, 2], [0.5f, -1f, 2f, 0f, 3f, 1f], (x, t) => x.Zip(t, (a, b) => (a - b) * (a - b)).Average(), weight: 6);

    [TestMethod]
    public void Mean_absolute_error_follows_the_definition() =>
        Follows(new MeanAbsoluteErrorLoss(), [3, 2], [0.5f, -1f, 2f, 0f, 3f, 1f], (x, t) => x.Zip(t, (a, b) => Math.Abs(a - b)).Average(), weight: 6);

    [TestMethod]
    public void Mean_absolute_error_has_gradient_0_where_it_is_right()
    {
        var (loss, _, gradient) = Run(new MeanAbsoluteErrorLoss(), [1, 2], [3, 1], [3f, 0f]);
        Assert.AreEqual(0.5, loss, 1e-7);
        CollectionAssert.AreEqual(new[] { 0, 0.5f }, gradient);
    }

    [TestMethod]
    [DataRow(1.0)]
    [DataRow(0.3)]
    public void Huber_loss_follows_the_definition(double delta) => Follows(new HuberLoss { Delta = (float)delta }, [3, 2], [0.5f, -1f, 2f, 0f, 3f, 1f], (x, t) =>
        x.Zip(t, (a, b) => Math.Abs(a - b) is var d && d <= delta ? d * d / 2 : delta * (d - delta / 2)).Average(), weight: 6);

    [TestMethod]
    public void Losses_with_a_mask_are_those_of_the_batch_without_the_padding()
    {
        float[] numbers = [0.5f, -1f, 2f, 0f, 3f, 1f];
        Loss[] losses = [new BinaryCrossEntropyLoss(), new MeanSquaredErrorLoss(), new MeanAbsoluteErrorLoss(), new HuberLoss()];
        foreach (var loss in losses)
        {
            var (alone, weight, _) = Run(loss, [2, 2], TestModels.Random(5, 4), numbers[..4]);
            var (padded, count, _) = Run(loss, [3, 2], [.. TestModels.Random(5, 4), 9, 9], numbers, mask: [1, 1, 0]);
            Assert.AreEqual(alone, padded, 1e-7, $"{loss}");
            Assert.AreEqual(weight, count, $"{loss}");
        }

        foreach (var smoothing in new[] { 0, 0.1f })
        {
            var loss = new CrossEntropyLoss { LabelSmoothing = smoothing };
            // Two samples of two tokens each; one token is ignored.
            var (alone, weight, _) = Run(loss, [2, 2, 3], TestModels.Random(6, 12), [0L, -100L, 2L, 1L], [2, 2]);
            var (padded, count, _) = Run(loss, [3, 2, 3], [.. TestModels.Random(6, 12), .. TestModels.Random(7, 6)], [0L, -100L, 2L, 1L, 0L, 0L], [3, 2], [1, 1, 0]);
            Assert.AreEqual(alone, padded, 1e-7);
            Assert.AreEqual(3, weight);
            Assert.AreEqual(3, count);
        }
    }

    [TestMethod]
    public void Shapes_that_do_not_belong_together_are_refused()
    {
        Assert.ThrowsExactly<InvalidModelException>(() => Run(new CrossEntropyLoss(), [2, 3], new float[6], [0L, 0L, 0L]));
        Assert.ThrowsExactly<InvalidModelException>(() => Run(new CrossEntropyLoss(), [2, 3], new float[6], [0L, 0L], [2, 1]));
        Assert.ThrowsExactly<InvalidModelException>(() => Run(new MeanSquaredErrorLoss(), [2, 3], new float[6], [0f, 0f]));
    }

    [TestMethod]
    public void Options_outside_their_range_are_refused()
    {
        foreach (var smoothing in new[] { -0.1f, 1, float.NaN })
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(new CrossEntropyLoss { LabelSmoothing = smoothing }.Validate);
        foreach (var delta in new[] { 0, -1, float.NaN, float.PositiveInfinity })
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(new HuberLoss { Delta = delta }.Validate);
    }

    [TestMethod]
    public void Targets_have_the_shape_that_the_loss_implies()
    {
        Assert.AreEqual("[4]", Implied(new CrossEntropyLoss(), 4, 10));
        Assert.AreEqual("[4]", Implied(new CrossEntropyLoss(), 4, 10, 1, 1));
        Assert.AreEqual("[4, 7]", Implied(new CrossEntropyLoss(), 4, 7, 10));
        Assert.AreEqual("[4, 8, 9]", Implied(new CrossEntropyLoss(), 4, 10, 8, 9));
        Assert.AreEqual("[4, 10]", Implied(new MeanSquaredErrorLoss(), 4, 10));

        static string Implied(Loss loss, params long[] prediction) => loss.TargetShape(Shape.Of(prediction)).ToString();
    }

    // Σ over the counted rows of −Σ q log softmax(x), over their number; q = (1 − ε) one-hot + ε/C.
    private static double CrossEntropy(double[] x, long[] target, int classes, double smoothing)
    {
        var (sum, count) = (0.0, 0);
        for (var row = 0; row < target.Length; row++)
        {
            if (target[row] == Ignored)
                continue;
            var logits = x[(row * classes)..((row + 1) * classes)];
            var all = Math.Log(logits.Sum(Math.Exp));
            sum -= (1 - smoothing) * (logits[target[row]] - all) + logits.Sum(l => smoothing / classes * (l - all));
            count++;
        }

        return sum / count;
    }

    private static double[] ClassesLast(double[] x, int batch, int classes, int places) =>
        [.. Enumerable.Range(0, batch).SelectMany(n => Enumerable.Range(0, places).SelectMany(p => Enumerable.Range(0, classes).Select(c => x[(n * classes + c) * places + p])))];

    private static void Follows(Loss loss, long[] shape, long[] target, Func<double[], long[], double> definition, long[]? targetShape = null, double? weight = null) =>
        Follows(loss, shape, x => definition(x, target), x => Run(loss, shape, x, target, targetShape ?? [target.Length]), weight ?? target.Length);

    private static void Follows(Loss loss, long[] shape, float[] target, Func<double[], double[], double> definition, double weight)
    {
        var numbers = Array.ConvertAll(target, t => (double)t);
        Follows(loss, shape, x => definition(x, numbers), x => Run(loss, shape, x, target), weight);
    }

    // The loss is the definition's, and its gradient the definition's slope, found by central differences.
    private static void Follows(Loss loss, long[] shape, Func<double[], double> definition, Func<float[], Result> run, double weight)
    {
        var x = TestModels.Random(11, (int)Shape.Of(shape).Count);
        var result = run(x);
        var exact = Array.ConvertAll(x, v => (double)v);
        Assert.AreEqual(definition(exact), result.Loss, 1e-6, $"{loss}");
        Assert.AreEqual(weight, result.Weight);
        for (var i = 0; i < x.Length; i++)
        {
            const double H = 1e-6;
            double[] up = [.. exact], down = [.. exact];
            (up[i], down[i]) = (exact[i] + H, exact[i] - H);
            Assert.AreEqual((definition(up) - definition(down)) / (2 * H), result.Gradient[i], 1e-6, $"{loss}, element {i}");
        }
    }

    private static Result Run<T>(Loss loss, long[] shape, float[] prediction, T[] target, long[]? targetShape = null, float[]? mask = null)
        where T : unmanaged
    {
        var graph = new Graph("loss");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(shape));
        var t = graph.AddInput("t", loss.TargetType(ElementType.Float32), Shape.Of(targetShape ?? (target.Length == prediction.Length ? shape : [target.Length])));
        var m = mask is null ? null : graph.AddInput("m", ElementType.Float32, Shape.Of(mask.Length));
        var model = new Model(graph) { Opsets = { [""] = Model.Opset } };
        var values = loss.Build(x, t, m);
        SemaFunctions.Attach(model);
        ArtifactBuilder.Annotate(model);
        var gradient = Differentiator.Gradients(values.Loss, [x])[x];
        graph.Outputs.AddRange([values.Loss, values.Weight, gradient]);
        SemaFunctions.Attach(model);
        var inputs = new Dictionary<string, HostTensor> { ["x"] = HostTensor.Of<float>(prediction, shape), ["t"] = HostTensor.Of<T>(target, t.KnownShape.Sizes) };
        if (mask is not null)
            inputs["m"] = HostTensor.Of<float>(mask, mask.Length);
        var outputs = ModelRunner.Run(ModelWriter.Write(model), inputs);
        return new(outputs[values.Loss.Name].As<float>()[0], outputs[values.Weight.Name].As<float>()[0], outputs[gradient.Name].As<float>().ToArray());
    }

    private sealed record Result(float Loss, float Weight, float[] Gradient);
}
