using System.Runtime.InteropServices;
using Sema.Onnx.Averaging;
using Sema.Onnx.Data;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Losses;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;
using Sema.Onnx.Schedules;

namespace Sema.Onnx.Training;

[TestClass]
public sealed partial class TrainerTests
{
    // 24 samples in batches of 4: 6 steps an epoch.
    private static TrainerOptions Options => new() { BatchSize = 4, Threads = 1, Schedule = _ => new ConstantSchedule(0.05), Optimizer = new Sgd() };

    private static DataSplit Data => new(TinyModels.Points(24), TinyModels.Points(10, 2));

    [TestMethod]
    public void The_loss_goes_down_and_the_accuracy_up()
    {
        using var run = new TrainingRun(TinyModels.Mlp(), Data, Options with { Epochs = 10, Optimizer = new AdamW(), Averaging = new ExponentialMovingAverage(0.8) });
        var result = run.Start();
        Assert.AreEqual(new RunPosition(60, 60, 10, 10), result.Position);
        foreach (var name in new[] { "online", "ema" })
        {
            Assert.IsLessThan(result.Start!.Loss / 2, result.Final[name].Loss, name);
            Assert.IsGreaterThan(result.Start.Accuracy!.Value, result.Final[name].Accuracy!.Value, name);
            Assert.AreEqual(10, result.Final[name].Samples);
        }
    }

    [TestMethod]
    public void A_convolutional_network_learns_in_both_modes()
    {
        foreach (var mode in Enum.GetValues<BatchNormalizationMode>())
        {
            using var run = new TrainingRun(TinyModels.ConvNet(), new(TinyModels.Images(24), TinyModels.Images(12, 2)),
                Options with { Epochs = 8, Optimizer = new AdamW(), BatchNormalization = mode, Augmentation = new(Crop: false, Flip: true) });
            var result = run.Start();
            Assert.IsLessThan(result.Start!.Loss * 0.8, result.Final["online"].Loss, $"{mode}");
        }
    }

    [TestMethod]
    public void Accumulated_batches_equal_one_batch_of_their_size()
    {
        // The order of the samples is the same whatever the batch, so 2 × 3 × 4 samples make the steps of 2 × 12.
        using var small = new TrainingRun(TinyModels.Mlp(), Data, Options with { Accumulate = 3, Epochs = 4, Optimizer = new Sgd { Momentum = 0.9 } });
        using var large = new TrainingRun(TinyModels.Mlp(), Data, Options with { BatchSize = 12, Epochs = 4, Optimizer = new Sgd { Momentum = 0.9 } });
        Assert.AreEqual(small.Start().Position, large.Start().Position);
        foreach (var name in large.Tensors().Keys)
        {
            foreach (var (a, b) in small.Tensor(name).Zip(large.Tensor(name)))
                Assert.AreEqual(b, a, 1e-6, name);
        }

        foreach (var (a, b) in small.Metrics("train").Zip(large.Metrics("train")))
        {
            Assert.AreEqual(b.GetProperty("loss").GetDouble(), a.GetProperty("loss").GetDouble(), 1e-6);
            Assert.AreEqual(b.GetProperty("gradient_norm").GetDouble(), a.GetProperty("gradient_norm").GetDouble(), 1e-6);
        }
    }

    [TestMethod]
    public void A_clipped_step_is_as_long_as_the_limit_allows()
    {
        // w ← w − η g with ‖g‖ scaled to 0.01: the step is η · 0.01 long.
        using var run = new TrainingRun(TinyModels.Mlp(), Data, Options with { ClipNorm = 0.01, Steps = 1 });
        run.Start();
        var before = TinyModels.Mlp().Graph.Initializers.ToDictionary(v => v.Name, v => v.Initializer!.As<float>().ToArray());
        var length = Math.Sqrt(before.Sum(w => w.Value.Zip(run.Tensor($"weights/{w.Key}"), (a, b) => Math.Pow(a - b, 2)).Sum()));
        Assert.AreEqual(0.05 * 0.01, length, 1e-7);
        Assert.IsGreaterThan(0.02, run.Metrics("train")[0].GetProperty("gradient_norm").GetDouble(), "the norm is the one before clipping");
    }

    [TestMethod]
    public void A_limit_that_is_not_reached_changes_no_bit()
    {
        using var free = new TrainingRun(TinyModels.Mlp(), Data, Options);
        using var limited = new TrainingRun(TinyModels.Mlp(), Data, Options with { ClipNorm = 1e6 });
        free.Start();
        limited.Start();
        Same(free.Tensors(), limited.Tensors());
    }

    [TestMethod]
    public void A_loss_that_is_no_number_stops_the_run_before_the_step()
    {
        var data = new DataSplit(TinyModels.Points(24).With(11, float.NaN), null);
        using var run = new TrainingRun(TinyModels.Mlp(), data, Options with { SaveEvery = 1, Keep = 1 });
        using var healthy = new TrainingRun(TinyModels.Mlp(), Data with { Test = null }, Options with { SaveEvery = 1, Keep = 9 });
        healthy.Start();
        var error = Assert.ThrowsExactly<TrainingDivergedException>(() => run.Start());
        StringAssert.Contains(error.Message, $"Step {error.Step}: the loss is NaN", StringComparison.Ordinal);
        Assert.IsGreaterThan(1, error.Step, "the broken sample came first; choose another one");
        CollectionAssert.AreEqual(new[] { $"step-{error.Step - 1:D9}" }, run.Checkpoints.ToArray());
        Same(healthy.Tensors($"step-{error.Step - 1:D9}"), run.Tensors());
        Assert.HasCount((int)error.Step - 1, run.Metrics("train"));
    }

    [TestMethod]
    public void Labels_outside_the_classes_are_refused()
    {
        foreach (var label in new[] { 3, -1, long.MaxValue })
        {
            var train = TinyModels.Points(24);
            train[5] = label;
            using var run = new TrainingRun(TinyModels.Mlp(), new(train, null), Options);
            var error = Assert.ThrowsExactly<DataException>(() => run.Start());
            StringAssert.Contains(error.Message, $"training data hold the class {label}", StringComparison.Ordinal);

            var test = TinyModels.Points(10);
            test[9] = label;
            using var evaluated = new TrainingRun(TinyModels.Mlp(), new(TinyModels.Points(24), test), Options);
            error = Assert.ThrowsExactly<DataException>(() => evaluated.Start());
            StringAssert.Contains(error.Message, $"evaluation data hold the class {label}", StringComparison.Ordinal);
            Assert.IsFalse(Directory.Exists(evaluated.Folder.Path), "A run that cannot begin leaves no folder.");
        }
    }

    [TestMethod]
    public void Ignored_labels_are_taken()
    {
        var (train, test) = (TinyModels.Points(24), TinyModels.Points(10, 2));
        train[5] = test[9] = -100;
        using var run = new TrainingRun(TinyModels.Mlp(), new(train, test), Options);
        Assert.AreEqual(RunEnd.Completed, run.Start().Ended);
    }

    [TestMethod]
    public void The_run_ends_early_when_nothing_gets_better()
    {
        using var run = new TrainingRun(TinyModels.Mlp(), Data, Options with { Epochs = 9, Patience = 2, Schedule = _ => new ConstantSchedule(0) });
        var result = run.Start();
        // The first epoch is the best so far, the third the second without a better one.
        Assert.AreEqual((RunEnd.StoppedEarly, 3L, 1L), (result.Ended, result.Position.Epoch, result.BestEpoch));
        var again = run.Resume();
        Assert.AreEqual((RunEnd.StoppedEarly, 3L), (again.Ended, again.Position.Epoch));
        Assert.IsNotEmpty(again.Final);
    }

    [TestMethod]
    public void Patience_without_data_to_evaluate_on_is_refused()
    {
        using var run = new TrainingRun(TinyModels.Mlp(), Data with { Test = null }, Options with { Patience = 2 });
        StringAssert.Contains(Assert.ThrowsExactly<DataException>(() => run.Start()).Message, "needs data to evaluate on", StringComparison.Ordinal);
    }

    [TestMethod]
    public void The_best_weights_are_kept()
    {
        // The rate grows until the weights are spoilt.
        using var run = new TrainingRun(TinyModels.Mlp(), Data, Options with { Epochs = 6, Keep = 9, Schedule = _ => new Growing() });
        var result = run.Start();
        var accuracies = run.Metrics("eval/online").Skip(1).Select(e => e.GetProperty("accuracy").GetDouble()).ToList();
        Assert.AreEqual(accuracies.Max(), result.Best!.Accuracy);
        Assert.AreEqual(accuracies.IndexOf(accuracies.Max()) + 1, result.BestEpoch);
        Assert.IsLessThan(6, result.BestEpoch, "the last epoch is to be worse");
        Same(run.Tensors($"step-{result.BestEpoch * 6:D9}"), run.Tensors("best"));
    }

    [TestMethod]
    public void The_evaluation_of_a_padded_last_batch_is_that_of_the_samples()
    {
        // 10 samples in batches of 4: two of the last batch are padding.
        var data = Data;
        using var run = new TrainingRun(TinyModels.Mlp(), data, Options with { Epochs = 1 });
        var result = run.Start();
        using var folder = new TemporaryFolder();
        var (loss, right) = ByHand(TinyModels.Mlp(), (Samples)data.Test!);
        Assert.AreEqual(loss, result.Start!.Loss, 1e-6);
        Assert.AreEqual(right / 10.0, result.Start.Accuracy!.Value, 1e-12);
        Assert.AreEqual(10, result.Start.Samples);

        var trained = TinyModels.Mlp();
        foreach (var weight in trained.Graph.Initializers.ToList())
            weight.Initializer = Tensor.Floats([.. weight.Initializer!.Dims], run.Tensor($"weights/{weight.Name}"));
        (loss, right) = ByHand(trained, (Samples)data.Test!);
        Assert.AreEqual(loss, result.Final["online"].Loss, 1e-6);
        Assert.AreEqual(right / 10.0, result.Final["online"].Accuracy!.Value, 1e-12);
    }

    [TestMethod]
    public void The_schedule_knows_the_length_and_gives_each_step_its_rate()
    {
        TrainingLength? told = null;
        using var run = new TrainingRun(TinyModels.Mlp(), Data, Options with
        {
            Accumulate = 2,
            Epochs = 3,
            Schedule = length => new LinearSchedule(0.9, (told = length).Value.Steps),
        });
        run.Start();
        Assert.AreEqual(new TrainingLength(9, 3), told);
        // 0.9 − 0.9 t / 9 with t = 0 at the first step
        foreach (var (line, t) in run.Metrics("train").Select((line, t) => (line, t)))
            Assert.AreEqual(0.9 - 0.1 * t, line.GetProperty("learning_rate").GetDouble(), 1e-12);
    }

    [TestMethod]
    public void Steps_end_the_run_whatever_the_epochs_say()
    {
        foreach (var (steps, epochs, position) in new[] { (8L, 5, new RunPosition(8, 8, 2, 2)), (8, 1, new RunPosition(8, 8, 2, 2)), (6, 5, new RunPosition(6, 6, 1, 1)) })
        {
            using var run = new TrainingRun(TinyModels.Mlp(), Data, Options with { Steps = steps, Epochs = epochs });
            var result = run.Start();
            Assert.AreEqual(position, result.Position);
            Assert.HasCount((int)((steps + 5) / 6) + 1, run.Metrics("eval/online"), "evaluated at the start, at each epoch's end and at the end");
        }
    }

    [TestMethod]
    public void Metrics_tell_each_step_and_each_evaluation()
    {
        using var run = new TrainingRun(TinyModels.Mlp(), Data, Options with { Epochs = 2, Averaging = new ExponentialMovingAverage([0.9, 0.99], updateEvery: 2) });
        var result = run.Start();
        var train = run.Metrics("train");
        CollectionAssert.AreEqual(Enumerable.Range(1, 12).ToList(), train.Select(e => e.GetProperty("step").GetInt32()).ToList());
        Assert.AreEqual("step epoch split loss learning_rate gradient_norm accuracy decay0 decay1", string.Join(' ', train[0].EnumerateObject().Select(p => p.Name)));
        Assert.AreEqual(3.5 / 6 * 2 - 1, train[6].GetProperty("epoch").GetDouble() - 1, 1e-12);
        Assert.AreEqual("1 0.81", string.Join(' ', train.Take(2).Select(e => Math.Round(e.GetProperty("decay0").GetDouble(), 6))));
        foreach (var (name, count) in new[] { ("online", 3), ("ema-0.9", 2), ("ema-0.99", 2) })
        {
            Assert.HasCount(count, run.Metrics($"eval/{name}"));
            Assert.AreEqual(result.Final[name].Loss, run.Metrics($"eval/{name}")[^1].GetProperty("loss").GetDouble());
        }

        Assert.HasCount(1, Directory.GetFiles(run.Folder.Path, "events.out.tfevents.*"));
    }

    [TestMethod]
    public void Progress_tells_each_step_and_each_evaluation()
    {
        using var run = new TrainingRun(TinyModels.Mlp(), Data, Options with { Epochs = 2 });
        var told = new List<string>();
        run.Start(new Listener(p => told.Add($"{p.Position.Step}{(p.Evaluations is null ? "" : "e")}")));
        Assert.AreEqual("0e 1 2 3 4 5 6 6e 7 8 9 10 11 12 12e", string.Join(' ', told));
    }

    [TestMethod]
    public void A_new_head_is_trained()
    {
        var data = TinyModels.Points(24);
        data[0] = 4;
        using var run = new TrainingRun(TinyModels.Mlp(), new(data, null), Options with { Classes = 5 });
        run.Start();
        Assert.HasCount(5, run.Tensor("weights/b2"));
        Assert.HasCount(25, run.Tensor("weights/w2"));
    }

    [TestMethod]
    public void An_inner_value_can_be_what_the_loss_is_about()
    {
        // The model shows probabilities; its logits have a name of their own.
        var model = TinyModels.Mlp(end: y =>
        {
            y.Graph.Rename(y, "logits");
            return y.Graph.Emit("Softmax", [y]);
        });
        using var run = new TrainingRun(model, Data, Options with { Output = "logits" });
        using var softmax = new TrainingRun(TinyModels.Mlp(end: y => y.Graph.Emit("Softmax", [y])), Data, Options);
        var (inner, outer) = (run.Start(), softmax.Start());
        Assert.AreEqual(outer.Final["online"].Loss, inner.Final["online"].Loss, 1e-6);
        Assert.AreEqual(outer.Final["online"].Accuracy, inner.Final["online"].Accuracy);
    }

    [TestMethod]
    public void The_evaluation_of_a_regression_has_no_accuracy()
    {
        using var run = new TrainingRun(TinyModels.Mlp(), new(new Vectors(24), new Vectors(10)), Options with { Loss = new MeanSquaredErrorLoss(), Epochs = 5 });
        var result = run.Start();
        Assert.IsNull(result.Final["online"].Accuracy);
        Assert.IsLessThan(result.Start!.Loss, result.Final["online"].Loss);
        Assert.AreEqual(5, result.BestEpoch, "the loss decides");
    }

    [TestMethod]
    public void Equal_seeds_give_equal_bits_and_others_do_not()
    {
        using var one = new TrainingRun(TinyModels.Mlp(), Data, Options);
        using var same = new TrainingRun(TinyModels.Mlp(), Data, Options);
        using var other = new TrainingRun(TinyModels.Mlp(), Data, Options with { Seed = 5 });
        foreach (var run in new[] { one, same, other })
            run.Start();
        Same(one.Tensors(), same.Tensors());
        CollectionAssert.AreNotEqual(one.Tensors()["weights/w1"], other.Tensors()["weights/w1"]);
    }

    [TestMethod]
    public void A_folder_that_is_not_empty_is_left_alone()
    {
        using var folder = new TemporaryFolder();
        var model = TinyModels.Mlp().Save(folder);
        var error = Assert.ThrowsExactly<IOException>(() => Trainer.Start(model, folder.Path, Data, Options));
        StringAssert.Contains(error.Message, "is not empty", StringComparison.Ordinal);
        Assert.HasCount(1, Directory.GetFileSystemEntries(folder.Path));
    }

    [TestMethod]
    public void A_run_that_cannot_begin_leaves_nothing_behind()
    {
        using var folder = new TemporaryFolder();
        var (model, run) = (TinyModels.Mlp().Save(folder), Path.Combine(folder.Path, "run"));
        Assert.ThrowsExactly<InvalidModelException>(() => Trainer.Start(model, run, Data, Options with { Output = "none" }));
        Assert.IsFalse(Directory.Exists(run));
        Directory.CreateDirectory(run);
        Assert.ThrowsExactly<InvalidModelException>(() => Trainer.Start(model, run, Data, Options with { Freeze = ["*"] }));
        Assert.IsEmpty(Directory.GetFileSystemEntries(run));
    }

    [TestMethod]
    public void Too_few_samples_for_one_step_are_refused()
    {
        using var run = new TrainingRun(TinyModels.Mlp(), new(TinyModels.Points(11), null), Options with { Accumulate = 3 });
        StringAssert.Contains(Assert.ThrowsExactly<DataException>(() => run.Start()).Message, "do not fill one step of 3 × 4", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Evaluation_data_of_another_kind_are_refused()
    {
        using var run = new TrainingRun(TinyModels.Mlp(), new(TinyModels.Points(24), TinyModels.Images(4)), Options);
        StringAssert.Contains(Assert.ThrowsExactly<DataException>(() => run.Start()).Message, "must be alike", StringComparison.Ordinal);
    }

    private static void Same(SortedDictionary<string, byte[]> expected, SortedDictionary<string, byte[]> actual)
    {
        CollectionAssert.AreEqual(expected.Keys.ToList(), actual.Keys.ToList());
        foreach (var (name, bytes) in expected)
            CollectionAssert.AreEqual(bytes, actual[name], name);
    }

    // The mean of −log softmax at the label, and how often the label has the largest score: sample by sample.
    private static (double Loss, int Right) ByHand(Model model, Samples samples)
    {
        var bytes = ModelWriter.Write(model);
        var (loss, right) = (0.0, 0);
        for (var i = 0; i < samples.Count; i++)
        {
            var inputs = new Dictionary<string, HostTensor> { ["x"] = HostTensor.Of(MemoryMarshal.Cast<byte, float>(samples.InputOf(i)), 1, TinyModels.Features) };
            var scores = ModelRunner.Run(bytes, inputs)["y"].As<float>().ToArray();
            loss += Math.Log(scores.Sum(s => Math.Exp(s))) - scores[samples[i]];
            right += Array.IndexOf(scores, scores.Max()) == samples[i] ? 1 : 0;
        }

        return (loss / samples.Count, right);
    }

    // A 3×3 convolution with a border of zeros over 8×8 pixels, scaled by 255.
    private static IEnumerable<double> Convolved(byte[] pixels, double[] kernel)
    {
        for (var y = 0; y < 8; y++)
        {
            for (var x = 0; x < 8; x++)
            {
                var sum = 0.0;
                for (var k = 0; k < 9; k++)
                {
                    var (py, px) = (y + k / 3 - 1, x + k % 3 - 1);
                    if (py is >= 0 and < 8 && px is >= 0 and < 8)
                        sum += kernel[k] * pixels[py * 8 + px] / 255;
                }

                yield return sum;
            }
        }
    }

    private sealed record Growing : LearningRateSchedule
    {
        protected override double RateAt(long t) => t < 12 ? 0.5 : 1e4;
    }

    // Features and, as targets, their halves: float32 [4] → float32 [3].
    private sealed class Vectors(int count) : IDataset
    {
        public int Count => count;

        public ArraySpec Input { get; } = new(ElementType.Float32, TinyModels.Features);

        public ArraySpec Target { get; } = new(ElementType.Float32, TinyModels.Classes);

        public void Read(int index, Span<byte> input, Span<byte> target)
        {
            float[] x = TestModels.Random(index, TinyModels.Features);
            MemoryMarshal.AsBytes<float>(x).CopyTo(input);
            MemoryMarshal.AsBytes<float>([x[0] / 2, x[1] / 2, x[2] / 2]).CopyTo(target);
        }
    }
}
