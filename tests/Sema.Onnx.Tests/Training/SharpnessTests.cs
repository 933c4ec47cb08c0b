using Sema.Onnx.Data;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Schedules;

namespace Sema.Onnx.Training;

[TestClass]
public sealed class SharpnessTests
{
    private const double Rate = 0.05, Momentum = 0.9;

    private static readonly Samples Points = TinyModels.Points(24);

    private static TrainerOptions Options => new()
    {
        BatchSize = 4,
        Steps = 60,
        Epochs = 99,
        Threads = 1,
        Optimizer = new Sgd { Momentum = Momentum },
        Schedule = _ => new ConstantSchedule(Rate),
    };

    [TestMethod]
    [DataRow(false, 1, null, null, DisplayName = "SAM")]
    [DataRow(true, 1, null, null, DisplayName = "ASAM")]
    [DataRow(false, 1, 0.1, null, DisplayName = "SAM, clipped")]
    [DataRow(true, 1, 0.1, null, DisplayName = "ASAM, clipped")]
    [DataRow(false, 3, null, null, DisplayName = "SAM, three batches a step")]
    [DataRow(true, 3, 0.2, null, DisplayName = "ASAM, three batches a step, clipped")]
    [DataRow(false, 1, null, "?1", DisplayName = "SAM, frozen first layer")]
    [DataRow(true, 1, null, "?1", DisplayName = "ASAM, frozen first layer")]
    public void Weights_and_losses_follow_the_definition(bool adaptive, int accumulate, double? clip, string? freeze)
    {
        var sharpness = new SharpnessAware { Rho = 0.4, Adaptive = adaptive, Eta = 0.02 };
        using var run = new TrainingRun(TinyModels.Mlp(), new(Points, null),
            Options with { Sharpness = sharpness, Accumulate = accumulate, ClipNorm = clip, Freeze = freeze is null ? [] : [freeze] });
        run.Start();

        var reference = new MlpReference();
        var w = reference.Weights;
        string[] trained = [.. w.Keys.Where(k => freeze is null || !k.EndsWith('1'))];
        var velocity = trained.ToDictionary(k => k, k => new double[w[k].Length]);
        var metrics = run.Metrics("train");
        using var batches = MlpReference.Batches(24, 4).GetEnumerator();
        for (var step = 0; step < 60; step++)
        {
            var (loss, sum) = (0.0, trained.ToDictionary(k => k, k => new double[w[k].Length]));
            for (var batch = 0; batch < accumulate; batch++)
            {
                batches.MoveNext();
                var here = MlpReference.At(w, Points, batches.Current);
                loss += here.Loss / accumulate;
                double T(string k, int i) => adaptive ? Math.Abs(w[k][i]) + sharpness.Eta : 1;
                var length = Math.Sqrt(trained.Sum(k => here.Gradients[k].Select((g, i) => T(k, i) * g).Sum(v => v * v)));
                var moved = w.ToDictionary(p => p.Key, p => trained.Contains(p.Key)
                    ? [.. p.Value.Select((v, i) => v + sharpness.Rho * T(p.Key, i) * T(p.Key, i) * here.Gradients[p.Key][i] / length)]
                    : p.Value);
                var there = MlpReference.At(moved, Points, batches.Current);
                foreach (var k in trained)
                    sum[k] = [.. sum[k].Zip(there.Gradients[k], (a, b) => a + b / accumulate)];
            }

            var norm = Math.Sqrt(trained.Sum(k => sum[k].Sum(v => v * v)));
            var factor = clip is { } most ? Math.Min(1, most / (norm + 1e-6)) : 1;
            foreach (var k in trained)
            {
                velocity[k] = [.. velocity[k].Zip(sum[k], (v, g) => Momentum * v + factor * g)];
                w[k] = [.. w[k].Zip(velocity[k], (x, v) => x - Rate * v)];
            }

            Assert.AreEqual(loss, metrics[step].GetProperty("loss").GetDouble(), 2e-6, $"loss of step {step + 1}");
            Assert.AreEqual(norm, metrics[step].GetProperty("gradient_norm").GetDouble(), 2e-6, $"norm of step {step + 1}");
        }

        reference.AssertEqual(run, 1e-5);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Weights_come_back_to_the_bit(bool adaptive)
    {
        using var run = new TrainingRun(TinyModels.Mlp(), new(Points, null), Options with
        {
            Steps = 5,
            Schedule = _ => new ConstantSchedule(0),
            Sharpness = new() { Rho = 3, Adaptive = adaptive },
        });
        run.Start();
        foreach (var weight in TinyModels.Mlp().Graph.Initializers)
            CollectionAssert.AreEqual(weight.Initializer!.Data.ToArray(), run.Tensors()[$"weights/{weight.Name}"], weight.Name);
    }

    [TestMethod]
    public void Running_statistics_take_each_batch_in_once()
    {
        var options = Options with { Steps = 4, Accumulate = 2, BatchNormalization = BatchNormalizationMode.Train, Schedule = _ => new ConstantSchedule(0) };
        using var plain = new TrainingRun(TinyModels.ConvNet(), new DataSplit(TinyModels.Images(24), null), options);
        using var sharp = new TrainingRun(TinyModels.ConvNet(), new DataSplit(TinyModels.Images(24), null), options with { Sharpness = new() { Rho = 1 } });
        plain.Start();
        sharp.Start();
        foreach (var name in new[] { "weights/mean", "weights/variance", "weights/conv" })
            CollectionAssert.AreEqual(plain.Tensors()[name], sharp.Tensors()[name], name);
    }

    [TestMethod]
    public void Numbers_out_of_range_are_refused()
    {
        foreach (var sharpness in new SharpnessAware[] { new() { Rho = 0 }, new() { Rho = double.NaN }, new() { Eta = -1 }, new() { Eta = double.PositiveInfinity } })
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => (Options with { Sharpness = sharpness }).Validate(), sharpness.ToString());
    }
}
