using System.Runtime.InteropServices;
using Sema.Onnx.Averaging;
using Sema.Onnx.Checkpoints;
using Sema.Onnx.Data;
using Sema.Onnx.Data.Batches;
using Sema.Onnx.Export;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Schedules;

namespace Sema.Onnx.Training;

[TestClass]
public sealed class AverageStatisticsTests
{
    private const int Width = 5, Batch = 4;
    private const double Epsilon = 1e-3;

    private static readonly string[] Statistics = ["mean1", "mean2", "variance1", "variance2"];

    private static TrainerOptions Options => new()
    {
        BatchSize = Batch,
        Epochs = 3,
        Threads = 1,
        Seed = 3,
        Optimizer = new AdamW(),
        Schedule = _ => new ConstantSchedule(0.02),
        BatchNormalization = BatchNormalizationMode.Train,
        Averaging = new CombinedAveraging(new ExponentialMovingAverage(0.8), new LatestWeightAveraging(2)),
        Keep = 9,
    };

    // 24 samples fill six batches; of 25 one is left out in each epoch, and so it is here.
    [TestMethod]
    [DataRow(24)]
    [DataRow(25)]
    public void Recomputed_statistics_are_those_of_everything_that_each_layer_saw(int samples)
    {
        using var run = Run(Options, samples);
        run.Start();
        foreach (var (name, average) in new[] { ("ema", Shadow(run, 0)), ("lawa", Mean(Shadow(run, 1), Shadow(run, 2))) })
            AreClose(average, samples, statistic => run.Tensor($"recomputed/{name}/{statistic}"), name);
    }

    [TestMethod]
    [DataRow(0.1)]
    [DataRow(0.15)]
    public void An_average_made_after_the_run_is_exported_with_the_statistics_asked_for(double width)
    {
        using var run = Run(Options with { Averaging = new PostHocEma() }, 24);
        run.Start();
        var (output, manifest) = (Path.Combine(run.Folder.Path, "tuned.onnx"), Manifest.Read(run.Folder.Artifacts));
        var (made, _) = new AverageRecords(run.Folder).Synthesize(width, manifest);
        var options = new RunExportOptions { Weights = FormattableString.Invariant($"posthoc:{width}"), Threads = 1 };

        AreClose(made.ToDictionary(v => v.Key, v => Array.ConvertAll(v.Value.ToArray(), x => (double)x)), 24, Exported(options with { Training = TinyModels.Points(24) }), "by default");
        foreach (var name in Statistics)
        {
            Assert.AreSequenceEqual(made[name].ToArray(), Exported(options)(name), "without data");
            Assert.AreSequenceEqual(made[name].ToArray(), Exported(options with { Training = TinyModels.Points(24), Statistics = AverageStatistics.Average })(name), "averaged");
            Assert.AreSequenceEqual(run.Tensor($"weights/{name}"), Exported(options with { Statistics = AverageStatistics.Copy })(name), "copied");
        }

        var error = Assert.ThrowsExactly<ArgumentException>(() => Exported(options with { Statistics = AverageStatistics.Recompute }));
        StringAssert.Contains(error.Message, "training data", StringComparison.Ordinal);

        Func<string, float[]> Exported(RunExportOptions options)
        {
            RunExport.Export(run.Folder.Path, output, options);
            var graph = ModelReader.Read(output).Graph;
            Assert.AreSequenceEqual(made["w2"].ToArray(), graph.Find("w2")!.Initializer!.As<float>().ToArray());
            return name => graph.Find(name)!.Initializer!.As<float>().ToArray();
        }
    }

    [TestMethod]
    public void Shadows_and_weights_do_not_depend_on_where_the_statistics_come_from()
    {
        using var averaged = Run(Options with { AverageStatistics = AverageStatistics.Average });
        averaged.Start();
        foreach (var other in new[] { AverageStatistics.Recompute, AverageStatistics.Copy })
        {
            using var run = Run(Options with { AverageStatistics = other });
            run.Start();
            var tensors = run.Tensors();
            foreach (var (name, bytes) in averaged.Tensors())
                CollectionAssert.AreEqual(bytes, tensors[name], $"{other}: {name}");
            Assert.AreEqual(other == AverageStatistics.Recompute ? 2 * Statistics.Length : 0, tensors.Keys.Count(k => k.StartsWith("recomputed/", StringComparison.Ordinal)));
        }
    }

    [TestMethod]
    [DataRow(AverageStatistics.Recompute)]
    [DataRow(AverageStatistics.Average)]
    [DataRow(AverageStatistics.Copy)]
    public void The_exported_model_has_the_statistics_and_evaluates_like_the_run(AverageStatistics statistics)
    {
        using var run = Run(Options with { AverageStatistics = statistics });
        var result = run.Start();
        var output = Path.Combine(run.Folder.Path, "tuned.onnx");
        foreach (var average in new[] { "ema", "lawa" })
        {
            RunExport.Export(run.Folder.Path, output, new() { Weights = average, Checkpoint = "last" });
            var graph = ModelReader.Read(output).Graph;
            foreach (var name in Statistics)
            {
                float[] expected = statistics switch
                {
                    AverageStatistics.Recompute => run.Tensor($"recomputed/{average}/{name}"),
                    AverageStatistics.Copy => run.Tensor($"weights/{name}"),
                    _ when average == "ema" => run.Tensor($"shadow0/{name}"),
                    _ => Array.ConvertAll(Mean(Shadow(run, 1), Shadow(run, 2))[name], v => (float)v),
                };
                Assert.AreSequenceEqual(expected, graph.Find(name)!.Initializer!.As<float>().ToArray(), $"{average} {name}");
            }

            var evaluated = ModelEvaluator.Evaluate(output, TinyModels.Points(10, 2), new() { Threads = 1 });
            Assert.AreEqual(result.Final[average].Loss, evaluated.Loss, 1e-5, average);
        }

        RunExport.Export(run.Folder.Path, output, new() { Weights = "online", Checkpoint = "last" });
        Assert.AreSequenceEqual(run.Tensor("weights/variance2"), ModelReader.Read(output).Graph.Find("variance2")!.Initializer!.As<float>().ToArray());
    }

    [TestMethod]
    public void The_best_checkpoint_gets_its_own_statistics()
    {
        // The first of equal accuracies is the best, and they are equal soon.
        using var run = Run(Options with { Epochs = 8 });
        var result = run.Start();
        Assert.IsLessThan(8, result.BestEpoch, "else this shows nothing");
        var (best, last) = (run.Tensors(RunFolder.Best), run.Tensors());
        Assert.IsFalse(best["recomputed/ema/mean1"].SequenceEqual(last["recomputed/ema/mean1"]));

        // The same steps in a run that ends with the best epoch.
        using var shorter = Run(run.Options with { Epochs = (int)result.BestEpoch });
        var end = shorter.Start();
        foreach (var (name, bytes) in shorter.Tensors())
            CollectionAssert.AreEqual(bytes, best[name], name);
        Assert.AreEqual(end.Final["ema"], result.Best);

        // And the last checkpoint is still that of the last step.
        using var averaged = Run(run.Options with { AverageStatistics = AverageStatistics.Average });
        averaged.Start();
        foreach (var (name, bytes) in averaged.Tensors())
            CollectionAssert.AreEqual(bytes, last[name], name);
    }

    [TestMethod]
    public void A_run_made_longer_has_the_bits_of_an_undisturbed_one()
    {
        var options = Options with { Averaging = new SwitchEma(new(0.8)) };
        using var whole = Run(options);
        var undisturbed = whole.Start();
        using var longer = Run(options with { Epochs = 1 });
        longer.Start();
        longer.Options = options;
        var resumed = longer.Resume();
        foreach (var (name, bytes) in whole.Tensors())
            CollectionAssert.AreEqual(bytes, longer.Tensors()[name], name);
        Assert.AreEqual(undisturbed.Final["ema"], resumed.Final["ema"]);
        Assert.AreEqual(undisturbed.Best, resumed.Best);

        // Resumed at its end, it has nothing to compute anew.
        var (tensors, metrics) = (longer.Tensors(), File.ReadAllText(longer.Folder.Metrics));
        Assert.AreEqual(resumed.Final["ema"], longer.Resume().Final["ema"]);
        Assert.AreEqual(metrics, File.ReadAllText(longer.Folder.Metrics));
        foreach (var (name, bytes) in longer.Tensors())
            CollectionAssert.AreEqual(tensors[name], bytes, name);
    }

    [TestMethod]
    public void A_switch_with_copied_statistics_leaves_those_of_the_weights()
    {
        var options = Options with { Epochs = 1, Averaging = new SwitchEma(new(0.8)), AverageStatistics = AverageStatistics.Copy };
        using var switched = Run(options);
        using var plain = Run(options with { Averaging = new NoAveraging() });
        switched.Start();
        plain.Start();
        foreach (var name in Statistics)
            Assert.AreSequenceEqual(plain.Tensor($"weights/{name}"), switched.Tensor($"weights/{name}"), name);
        foreach (var name in TwoLayers().Graph.Initializers.Select(v => v.Name).Except(Statistics))
            Assert.AreSequenceEqual(switched.Tensor($"shadow0/{name}"), switched.Tensor($"weights/{name}"), name);

        using var mixed = Run(options with { AverageStatistics = AverageStatistics.Average });
        mixed.Start();
        Assert.AreSequenceEqual(mixed.Tensor("shadow0/mean1"), mixed.Tensor("weights/mean1"));
        switched.Options = switched.Options with { AverageStatistics = AverageStatistics.Average };
        StringAssert.Contains(Assert.ThrowsExactly<CheckpointException>(() => switched.Resume()).Message, "average statistics", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Only_the_part_before_the_last_statistics_runs()
    {
        using var run = Run(Options with { Epochs = 1, Optimizer = new Sgd() });
        run.Start();
        var (training, manifest) = (ModelReader.Read(Path.Combine(run.Folder.Artifacts, ArtifactFolder.Training)), Manifest.Read(run.Folder.Artifacts));
        var cut = StatisticsGraph.Cut(training, manifest.Statistics).Graph;
        CollectionAssert.AreEquivalent(new[] { "x", "w1", "gamma1", "beta1", "w2", "gamma2", "beta2" }, cut.Inputs.Select(i => i.Name).ToArray());
        CollectionAssert.AreEqual(new[] { "MatMul", "BatchNormalizationTraining", "Tanh", "MatMul", "BatchNormalizationTraining" }, cut.Nodes.Select(n => n.OpType).ToArray());
    }

    /// <summary>x [batch, 4] → MatMul(w1) → batch norm → Tanh → MatMul(w2) → batch norm → MatMul(w3) → y [batch, 3].</summary>
    private static Model TwoLayers()
    {
        var graph = new Graph("two");
        var x = graph.AddInput("x", ElementType.Float32, TinyModels.Batched("batch", TinyModels.Features));
        var hidden = Normal(x.MatMul(TinyModels.Weight(graph, "w1", TinyModels.Features, Width)), 1).Tanh();
        var y = Normal(hidden.MatMul(TinyModels.Weight(graph, "w2", Width, Width)), 2).MatMul(TinyModels.Weight(graph, "w3", Width, TinyModels.Classes));
        return TinyModels.Finish(graph, y, TinyModels.Batched("batch", TinyModels.Classes));

        Value Normal(Value value, int layer) => graph.Emit("BatchNormalization",
            [
                value, TinyModels.Weight(graph, $"gamma{layer}", Width), TinyModels.Weight(graph, $"beta{layer}", Width), TinyModels.Weight(graph, $"mean{layer}", Width),
                graph.AddInitializer($"variance{layer}", Tensor.Floats([Width], [.. Enumerable.Repeat(1f, Width)])),
            ], ("epsilon", (float)Epsilon));
    }

    private static TrainingRun Run(TrainerOptions options, int samples = 25) => new(TwoLayers(), new DataSplit(TinyModels.Points(samples), TinyModels.Points(10, 2)), options);

    private static Dictionary<string, double[]> Shadow(TrainingRun run, int k) =>
        TwoLayers().Graph.Initializers.ToDictionary(v => v.Name, v => Array.ConvertAll(run.Tensor($"shadow{k}/{v.Name}"), x => (double)x));

    private static Dictionary<string, double[]> Mean(Dictionary<string, double[]> a, Dictionary<string, double[]> b) =>
        a.ToDictionary(v => v.Key, v => v.Value.Zip(b[v.Key], (x, y) => (x + y) / 2).ToArray());

    private static double[][] Times(double[][] rows, double[] w, int columns) =>
        [.. rows.Select(row => Enumerable.Range(0, columns).Select(c => row.Select((v, i) => v * w[(i * columns) + c]).Sum()).ToArray())];

    // Batch normalisation by the batch's own mean and biased variance, then tanh.
    private static double[][] Normalized(double[][] rows, double[] gamma, double[] beta)
    {
        var (mean, variance) = Moments([.. rows]);
        var biased = variance.Select(v => v * (rows.Length - 1) / rows.Length).ToArray();
        return [.. rows.Select(row => row.Select((v, c) => Math.Tanh(((v - mean[c]) / Math.Sqrt(biased[c] + (float)Epsilon) * gamma[c]) + beta[c])).ToArray())];
    }

    private static (double[] Mean, double[] Variance) Moments(List<double[]> rows)
    {
        double[] mean = [.. Enumerable.Range(0, Width).Select(c => rows.Average(r => r[c]))];
        return (mean, [.. Enumerable.Range(0, Width).Select(c => rows.Sum(r => Math.Pow(r[c] - mean[c], 2)) / (rows.Count - 1))]);
    }

    // The exact moments of all that each layer sees of the batches of the first epoch with these weights.
    private static void AreClose(Dictionary<string, double[]> average, int samples, Func<string, float[]> statistic, string says)
    {
        var order = new TrainingOrder(samples, Batch, 3);
        var data = TinyModels.Points(samples);
        var (first, second) = (new List<double[]>(), new List<double[]>());
        foreach (var b in Enumerable.Range(0, 6))
        {
            double[][] x = [.. order.Samples(0, b).ToArray().Select(s => Array.ConvertAll(MemoryMarshal.Cast<byte, float>(data.InputOf(s)).ToArray(), v => (double)v))];
            var one = Times(x, average["w1"], Width);
            first.AddRange(one);
            second.AddRange(Times(Normalized(one, average["gamma1"], average["beta1"]), average["w2"], Width));
        }

        Assert.HasCount(24, first);
        foreach (var (layer, (mean, variance)) in new[] { Moments(first), Moments(second) }.Index())
        {
            for (var c = 0; c < Width; c++)
            {
                Assert.AreEqual(mean[c], statistic($"mean{layer + 1}")[c], 2e-6, $"{says}, layer {layer + 1}");
                Assert.AreEqual(variance[c], statistic($"variance{layer + 1}")[c], 2e-6, $"{says}, layer {layer + 1}");
            }
        }
    }
}
