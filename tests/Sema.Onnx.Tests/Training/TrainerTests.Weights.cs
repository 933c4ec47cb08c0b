using Sema.Onnx.Averaging;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Training;

/// <summary>What becomes of weights, averages and running statistics in a run.</summary>
public sealed partial class TrainerTests
{
    // The hook released with the paper negates its interval test and never switches when every epoch is asked for.
    [TestMethod]
    public void Switch_EMA_of_every_epoch_switches_after_every_epoch()
    {
        using var run = new TrainingRun(TinyModels.Mlp(), Data, Options with { Epochs = 3, Averaging = new SwitchEma(new(0.9), every: 1), SaveEvery = 1, Keep = 99 });
        run.Start();
        for (var step = 1; step <= 18; step++)
        {
            var checkpoint = $"step-{step:D9}";
            var equal = run.Tensor("weights/w1", checkpoint).SequenceEqual(run.Tensor("shadow0/w1", checkpoint));
            Assert.AreEqual(step % 6 == 0, equal, $"after step {step}");
        }
    }

    [TestMethod]
    public void A_switch_is_the_average_of_the_steps_weights()
    {
        // One step with d = 0.5: e = (w₀ + w₁)/2; a switch that keeps 0.25 gives w = 0.25 w₁ + 0.75 e.
        using var plain = new TrainingRun(TinyModels.Mlp(), Data, Options with { Steps = 1 });
        using var switched = new TrainingRun(TinyModels.Mlp(), Data, Options with { Steps = 1, Averaging = new SwitchEma(new(0.5), 1, IntervalUnit.Steps, keep: 0.25) });
        plain.Start();
        switched.Start();
        foreach (var weight in TinyModels.Mlp().Graph.Initializers)
        {
            var (before, after) = (weight.Initializer!.As<float>().ToArray(), plain.Tensor($"weights/{weight.Name}"));
            for (var i = 0; i < before.Length; i++)
            {
                var average = (before[i] + after[i]) / 2;
                Assert.AreEqual(average, switched.Tensor($"shadow0/{weight.Name}")[i], 1e-7, weight.Name);
                Assert.AreEqual(0.25f * after[i] + 0.75f * average, switched.Tensor($"weights/{weight.Name}")[i], 1e-7, weight.Name);
            }
        }
    }

    [TestMethod]
    public void An_average_does_not_touch_the_weights()
    {
        using var plain = new TrainingRun(TinyModels.Mlp(), Data, Options with { Epochs = 2 });
        using var averaged = new TrainingRun(TinyModels.Mlp(), Data, Options with { Epochs = 2, Averaging = new ExponentialMovingAverage([0.9, 0.99]) });
        plain.Start();
        averaged.Start();
        foreach (var (name, bytes) in plain.Tensors())
            CollectionAssert.AreEqual(bytes, averaged.Tensors()[name], name);
    }

    [TestMethod]
    public void Averages_asked_for_together_have_the_bits_that_each_has_alone()
    {
        double[] decays = [0.9, 0.999];
        using var both = new TrainingRun(TinyModels.Mlp(), Data, Options with { Epochs = 2, Averaging = new ExponentialMovingAverage(decays) });
        both.Start();
        for (var k = 0; k < decays.Length; k++)
        {
            using var alone = new TrainingRun(TinyModels.Mlp(), Data, Options with { Epochs = 2, Averaging = new ExponentialMovingAverage(decays[k]) });
            alone.Start();
            foreach (var weight in TinyModels.Mlp().Graph.Initializers)
                CollectionAssert.AreEqual(alone.Tensors()[$"shadow0/{weight.Name}"], both.Tensors()[$"shadow{k}/{weight.Name}"], weight.Name);
        }
    }

    [TestMethod]
    public void Frozen_weights_keep_their_bits()
    {
        using var run = new TrainingRun(TinyModels.Mlp(), Data, Options with { Freeze = ["w1", "b*"], Optimizer = new AdamW { WeightDecay = 0.1 } });
        run.Start();
        CollectionAssert.AreEqual(new[] { "moment1/w2", "moment2/w2", "weights/w2" }, run.Tensors().Keys.ToArray());
        using var trained = new Session(Path.Combine(run.Folder.Artifacts, ArtifactFolder.Eval));
        CollectionAssert.AreEqual(new[] { "w2" }, trained.Defaults.Keys.ToArray(), "only what is trained can be bound");
        var eval = ModelReader.Read(Path.Combine(run.Folder.Artifacts, ArtifactFolder.Eval));
        foreach (var name in new[] { "w1", "b1", "b2" })
            CollectionAssert.AreEqual(TinyModels.Mlp().Graph.Find(name)!.Initializer!.Data.ToArray(), eval.Graph.Find(name)!.Initializer!.Data.ToArray(), name);
    }

    [TestMethod]
    public void Weight_decay_spares_vectors_where_that_is_asked()
    {
        // Without a gradient's share (rate 0 moves nothing, so a frozen loss is made by a clipped gradient): w ← w − η (g + λ w).
        using var all = new TrainingRun(TinyModels.Mlp(), Data, Options with { Steps = 1, ClipNorm = 1e-12, Optimizer = new Sgd { WeightDecay = 0.5 } });
        using var matrices = new TrainingRun(TinyModels.Mlp(), Data, Options with { Steps = 1, ClipNorm = 1e-12, Optimizer = new Sgd { WeightDecay = 0.5 }, DecayVectors = false });
        all.Start();
        matrices.Start();
        foreach (var weight in TinyModels.Mlp().Graph.Initializers)
        {
            var (before, w) = (weight.Initializer!.As<float>().ToArray(), weight.Name);
            for (var i = 0; i < before.Length; i++)
            {
                Assert.AreEqual(before[i] * (1 - 0.05f * 0.5f), all.Tensor($"weights/{w}")[i], 1e-7, w);
                Assert.AreEqual(weight.Rank > 1 ? before[i] * (1 - 0.05f * 0.5f) : before[i], matrices.Tensor($"weights/{w}")[i], 1e-7, w);
            }
        }
    }

    [TestMethod]
    public void Running_statistics_follow_each_batch_with_the_unbiased_variance()
    {
        // Two batches of 4 images make one step; the images are identical in size, so n = 4·8·8 elements a channel.
        var data = TinyModels.Images(8);
        using var run = new TrainingRun(TinyModels.ConvNet(), new(data, null), Options with
        {
            Accumulate = 2,
            BatchNormalization = BatchNormalizationMode.Train,
            Averaging = new ExponentialMovingAverage(0.5),
            Pixels = new() { Scale = 255 },
        });
        run.Start();
        var graph = TinyModels.ConvNet().Graph;
        double[] Numbers(string name) => graph.Find(name)!.Initializer!.ToFloat64();
        var (mean, variance) = (Numbers("mean"), Numbers("variance"));
        var order = new Data.Batches.TrainingOrder(8, 4, 0);
        for (var batch = 0; batch < 2; batch++)
        {
            var samples = order.Samples(0, batch).ToArray();
            for (var c = 0; c < 4; c++)
            {
                var values = samples.SelectMany(s => Convolved(data.InputOf(s).ToArray(), Numbers("conv")[(c * 9)..(c * 9 + 9)])).ToList();
                var average = values.Average();
                mean[c] = 0.75 * mean[c] + 0.25 * average;
                variance[c] = 0.75 * variance[c] + 0.25 * values.Sum(v => (v - average) * (v - average)) / (values.Count - 1);
            }
        }

        for (var c = 0; c < 4; c++)
        {
            Assert.AreEqual(mean[c], run.Tensor("weights/mean")[c], 1e-6);
            Assert.AreEqual(variance[c], run.Tensor("weights/variance")[c], 1e-6);
            // Averaged like the weights: e = (start + now)/2.
            Assert.AreEqual((Numbers("mean")[c] + mean[c]) / 2, run.Tensor("shadow0/mean")[c], 1e-6);
            Assert.AreEqual((Numbers("variance")[c] + variance[c]) / 2, run.Tensor("shadow0/variance")[c], 1e-6);
        }
    }

    [TestMethod]
    public void Frozen_statistics_are_constants()
    {
        using var run = new TrainingRun(TinyModels.ConvNet(), new(TinyModels.Images(24), null), Options);
        run.Start();
        CollectionAssert.AreEqual(new[] { "weights/beta", "weights/bias", "weights/conv", "weights/gamma", "weights/head" }, run.Tensors().Keys.ToArray());
    }
}
