using Sema.Onnx.Averaging;
using Sema.Onnx.Checkpoints;
using Sema.Onnx.Data;
using Sema.Onnx.Graphs.Losses;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Schedules;

namespace Sema.Onnx.Training;

/// <summary>What a run measures, and when.</summary>
[TestClass]
public sealed class MeasuresTests
{
    // 24 samples in batches of 4: 6 steps an epoch.
    private static TrainerOptions Options => new()
    {
        BatchSize = 4,
        Threads = 1,
        Epochs = 3,
        Schedule = _ => new ConstantSchedule(0.1),
        Optimizer = new Sgd(),
        Averaging = new ExponentialMovingAverage(0.9),
    };

    [TestMethod]
    public void An_evaluation_has_all_measures_of_classes_in_the_log_too()
    {
        using var run = Run(Options with { TopK = 2, Loss = new CrossEntropyLoss { LabelSmoothing = 0.3f } });
        var ema = run.Start().Final["ema"];
        Assert.AreEqual(2, ema.TopK);
        Assert.IsGreaterThanOrEqualTo(ema.Accuracy!.Value, ema.TopKAccuracy!.Value);
        Assert.AreNotEqual(ema.Loss, ema.NegativeLogLikelihood!.Value, 1e-3, "the loss is smoothed, the likelihood is not");
        CollectionAssert.AreEqual(new[] { "accuracy", "top2_accuracy", "nll", "ece" }, ema.Measures.Keys.ToArray());
        var line = run.Metrics("eval/ema")[^1];
        foreach (var (name, value) in ema.Measures)
            Assert.AreEqual(value, line.GetProperty(name).GetDouble(), name);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Without_smoothing_the_likelihood_is_the_loss_whether_the_model_ends_in_a_softmax_or_not(bool softmax)
    {
        using var run = new TrainingRun(TinyModels.Mlp(end: softmax ? y => y.Graph.Emit("Softmax", [y]) : null), Data, Options);
        foreach (var result in run.Start().Final.Values)
            Assert.AreEqual(result.Loss, result.NegativeLogLikelihood!.Value, 1e-6);
    }

    [TestMethod]
    public void Both_forms_of_a_model_measure_the_same()
    {
        using var folder = new TemporaryFolder();
        var logits = ModelEvaluator.Evaluate(TinyModels.Mlp().Save(folder), TinyModels.Points(30, 5), new() { TopK = 2, Threads = 1 });
        var probabilities = ModelEvaluator.Evaluate(TinyModels.Mlp(end: y => y.Graph.Emit("Softmax", [y])).Save(folder), TinyModels.Points(30, 5), new() { TopK = 2, Threads = 1 });
        Assert.AreEqual(logits, probabilities);
        Assert.IsGreaterThan(0, logits.CalibrationError!.Value);
    }

    [TestMethod]
    public void Targets_that_are_no_classes_have_none_of_them()
    {
        var result = new EvaluationResult(0.5, null, 3);
        Assert.IsEmpty(result.Measures);
    }

    [TestMethod]
    [DataRow(4L, IntervalUnit.Steps, "0 4 8 12 16 18")]
    [DataRow(2L, IntervalUnit.Epochs, "0 12 18")]
    [DataRow(1L, IntervalUnit.Epochs, "0 6 12 18")]
    public void Weights_are_evaluated_as_often_as_asked_and_at_the_end(long every, IntervalUnit unit, string steps)
    {
        using var run = Run(Options with { EvaluateEvery = every, EvaluateUnit = unit, Keep = 9 });
        run.Start();
        Assert.AreEqual(steps, string.Join(' ', run.Metrics("eval/online").Select(e => e.GetProperty("step").GetInt64())));
        foreach (var end in new[] { 6, 12, 18 })
            CollectionAssert.Contains(run.Checkpoints.ToList(), $"step-{end:D9}", "each epoch's end has a checkpoint");

        using var plain = Run(Options);
        plain.Start();
        foreach (var (name, bytes) in plain.Tensors())
            CollectionAssert.AreEqual(bytes, run.Tensors()[name], name);
    }

    [TestMethod]
    public void A_run_interrupted_between_evaluations_has_the_bits_and_the_log_of_an_undisturbed_one()
    {
        var options = Options with { EvaluateEvery = 4, EvaluateUnit = IntervalUnit.Steps, TargetAccuracy = 0.5, LabelNoise = 0.3 };
        using var whole = Run(options);
        using var broken = Run(options);
        var result = whole.Start();
        broken.StartUntil(5);
        broken.ResumeUntil(8);
        var resumed = broken.Resume();
        foreach (var (name, bytes) in whole.Tensors())
            CollectionAssert.AreEqual(bytes, broken.Tensors()[name], name);
        Assert.AreEqual(File.ReadAllText(whole.Folder.Metrics), File.ReadAllText(broken.Folder.Metrics));
        CollectionAssert.AreEqual(result.Reached.ToList(), resumed.Reached.ToList());
        Assert.AreEqual(result.Best, resumed.Best);
    }

    [TestMethod]
    public void The_first_evaluation_with_the_accuracy_aimed_at_is_reported_for_each_kind_of_weights()
    {
        using var run = Run(Options with { EvaluateEvery = 2, EvaluateUnit = IntervalUnit.Steps, TargetAccuracy = 0.8, Epochs = 8, Optimizer = new AdamW() });
        var reached = run.Start().Reached;
        foreach (var weights in new[] { "online", "ema" })
        {
            var first = run.Metrics($"eval/{weights}").First(e => e.GetProperty("accuracy").GetDouble() >= 0.8).GetProperty("step").GetInt64();
            Assert.IsGreaterThan(0, first, "else this shows nothing");
            Assert.AreEqual(first, reached[weights], weights);
        }

        using var never = Run(Options with { TargetAccuracy = 1, Epochs = 1, Schedule = _ => new ConstantSchedule(1e-6) });
        Assert.IsEmpty(never.Start().Reached);
    }

    [TestMethod]
    public void Label_noise_changes_training_but_not_the_evaluation()
    {
        using var clean = Run(Options);
        using var noisy = Run(Options with { LabelNoise = 0.5 });
        using var wrong = new TrainingRun(TinyModels.Mlp(), Data with { Train = Relabelled() }, Options);
        var (a, b) = (clean.Start(), noisy.Start());
        Assert.AreEqual(a.Start, b.Start, "the same test labels");
        Assert.IsFalse(clean.Tensors()["weights/w2"].SequenceEqual(noisy.Tensors()["weights/w2"]));

        // The same as data whose labels are wrong to begin with, epoch after epoch.
        wrong.Start();
        foreach (var (name, bytes) in wrong.Tensors())
            CollectionAssert.AreEqual(bytes, noisy.Tensors()[name], name);

        noisy.Options = noisy.Options with { LabelNoise = 0.4 };
        StringAssert.Contains(Assert.ThrowsExactly<CheckpointException>(() => noisy.Resume()).Message, "another label noise (", StringComparison.Ordinal);

        static Samples Relabelled()
        {
            var (samples, noise) = (TinyModels.Points(24), new Data.Batches.LabelNoise(0.5, TinyModels.Classes, 0, null));
            for (var i = 0; i < samples.Count; i++)
            {
                long[] label = [samples[i]];
                noise.Apply(label, i);
                samples[i] = label[0];
            }

            return samples;
        }
    }

    [TestMethod]
    public void Label_noise_without_classes_is_refused()
    {
        var points = TinyModels.Points(24);
        using var run = new TrainingRun(TinyModels.Mlp(), new(new Values(points), null), Options with { Loss = new MeanSquaredErrorLoss(), LabelNoise = 0.1 });
        StringAssert.Contains(Assert.ThrowsExactly<DataException>(() => run.Start()).Message, "--label-noise", StringComparison.Ordinal);
    }

    private static DataSplit Data => new(TinyModels.Points(24), TinyModels.Points(10, 2));

    private static TrainingRun Run(TrainerOptions options) => new(TinyModels.Mlp(), Data, options);

    /// <summary>Points with values of the output's shape as targets.</summary>
    private sealed class Values(Samples points) : IDataset
    {
        public int Count => points.Count;

        public ArraySpec Input => points.Input;

        public ArraySpec Target { get; } = new(Graphs.ElementType.Float32, TinyModels.Classes);

        public void Read(int index, Span<byte> input, Span<byte> target)
        {
            points.Read(index, input, new byte[8]);
            target.Clear();
        }
    }
}
