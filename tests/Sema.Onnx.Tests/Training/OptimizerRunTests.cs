using Sema.Onnx.Averaging;
using Sema.Onnx.Data;
using Sema.Onnx.Export;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Schedules;

namespace Sema.Onnx.Training;

/// <summary>Every optimizer in whole runs: interrupted, with frozen parameters, with averages, beside running statistics.</summary>
[TestClass]
public sealed class OptimizerRunTests
{
    public static IEnumerable<object[]> Names => OptimizerReferences.All.Keys.Select(name => new object[] { name });

    public static IEnumerable<object[]> ScheduleFree => [[new ScheduleFreeSgd()], [new ScheduleFreeAdamW { WeightDecay = 0.01 }]];

    private static TrainerOptions Options => new()
    {
        BatchSize = 4,
        Epochs = 2,
        Threads = 1,
        Schedule = length => new CosineSchedule(0.01, length.Steps).WithWarmup(3),
        Keep = 3,
    };

    private static DataSplit Points => new(TinyModels.Points(25), TinyModels.Points(10, 2));

    private static DataSplit Images => new(TinyModels.Images(25), TinyModels.Images(10, 2));

    [TestMethod, DynamicData(nameof(Names))]
    public void An_interrupted_run_with_frozen_weights_and_averages_has_the_bits_of_an_undisturbed_one(string name)
    {
        var options = Options with
        {
            Optimizer = OptimizerReferences.All[name].Optimizer with { WeightDecay = 0.01 },
            Averaging = new ExponentialMovingAverage([0.9, 0.99]),
            Freeze = ["b1"],
        };
        using var whole = new TrainingRun(TinyModels.Mlp(), Points, options);
        using var broken = new TrainingRun(TinyModels.Mlp(), Points, options);
        var result = whole.Start();
        broken.StartUntil(1);
        broken.ResumeUntil(7);
        broken.Resume();

        var expected = whole.Tensors();
        CollectionAssert.AreEqual(expected.Keys.ToList(), broken.Tensors().Keys.ToList());
        Assert.IsFalse(expected.Keys.Any(k => k.EndsWith("/b1", StringComparison.Ordinal)), "what is frozen has no state");
        foreach (var (tensor, bytes) in broken.Tensors())
            CollectionAssert.AreEqual(expected[tensor], bytes, tensor);
        Assert.AreEqual(File.ReadAllText(whole.Folder.Metrics), File.ReadAllText(broken.Folder.Metrics));
        Assert.IsTrue(whole.Tensor("weights/w1").All(float.IsFinite));
        Assert.IsTrue(double.IsFinite(result.Final["ema-0.9"].Loss));
    }

    [TestMethod, DynamicData(nameof(Names))]
    public void Averages_do_not_touch_the_weights(string name)
    {
        var options = Options with { Optimizer = OptimizerReferences.All[name].Optimizer };
        using var plain = new TrainingRun(TinyModels.Mlp(), Points, options);
        using var averaged = new TrainingRun(TinyModels.Mlp(), Points, options with { Averaging = new ExponentialMovingAverage([0.9, 0.99]) });
        plain.Start();
        averaged.Start();
        foreach (var parameter in new[] { "w1", "b1", "w2", "b2" })
            CollectionAssert.AreEqual(plain.Tensor($"weights/{parameter}"), averaged.Tensor($"weights/{parameter}"), parameter);
    }

    // The first step's batch is the same for all, and so are the statistics after it; those of later ones are each run's own, but nobody's slots move them.
    [TestMethod, DynamicData(nameof(Names))]
    public void Running_statistics_are_left_to_the_data(string name)
    {
        var options = Options with { BatchNormalization = BatchNormalizationMode.Train, Steps = 1, Optimizer = new Sgd() };
        using var plain = new TrainingRun(TinyModels.ConvNet(), Images, options);
        using var run = new TrainingRun(TinyModels.ConvNet(), Images, options with { Optimizer = OptimizerReferences.All[name].Optimizer });
        plain.Start();
        run.Start();
        var statistics = Statistics(run);
        Assert.IsNotEmpty(statistics);
        foreach (var parameter in statistics)
            CollectionAssert.AreEqual(plain.Tensor($"weights/{parameter}"), run.Tensor($"weights/{parameter}"), parameter);
    }

    [TestMethod, DynamicData(nameof(ScheduleFree))]
    public void A_schedule_free_average_is_evaluated_kept_and_exported(Optimizer optimizer)
    {
        using var run = new TrainingRun(TinyModels.ConvNet(), Images, Options with { Optimizer = optimizer, BatchNormalization = BatchNormalizationMode.Train, AverageStatistics = AverageStatistics.Average });
        var result = run.Start();
        CollectionAssert.AreEquivalent(new[] { "online", "schedule-free" }, result.Final.Keys.ToList());
        Assert.AreNotEqual(result.Final["online"], result.Final["schedule-free"]);
        Assert.AreEqual(result.Best!.Loss, run.Metrics("eval/schedule-free").Min(e => e.GetProperty("loss").GetDouble()), 1e-12);

        using var folder = new TemporaryFolder();
        var output = Path.Combine(folder.Path, "tuned.onnx");
        var export = RunExport.Export(run.Folder.Path, output, new() { Checkpoint = "last" });
        Assert.AreEqual("schedule-free", export.Weights);
        var tuned = ModelReader.Read(output).Graph;
        var statistics = Statistics(run);
        foreach (var parameter in Manifest.Read(run.Folder.Artifacts).Layout.Parameters)
        {
            var (x, y) = (run.Tensor($"shadow0/{parameter.Name}"), run.Tensor($"weights/{parameter.Name}"));
            CollectionAssert.AreEqual(x, tuned.Find(parameter.Name)!.Initializer!.As<float>().ToArray(), parameter.Name);
            Assert.AreEqual(statistics.Contains(parameter.Name), x.SequenceEqual(y), parameter.Name);
        }
    }

    [TestMethod, DynamicData(nameof(ScheduleFree))]
    public void Other_averages_stand_before_a_schedule_free_one(Optimizer optimizer)
    {
        using var run = new TrainingRun(TinyModels.Mlp(), Points, Options with { Optimizer = optimizer, Averaging = new ExponentialMovingAverage([0.9]) });
        var result = run.Start();
        CollectionAssert.AreEquivalent(new[] { "online", "ema", "schedule-free" }, result.Final.Keys.ToList());
        using var folder = new TemporaryFolder();
        Assert.AreEqual("ema", RunExport.Export(run.Folder.Path, Path.Combine(folder.Path, "a.onnx"), new()).Weights);
        Assert.AreEqual("schedule-free", RunExport.Export(run.Folder.Path, Path.Combine(folder.Path, "b.onnx"), new() { Weights = "schedule-free" }).Weights);
    }

    [TestMethod, DynamicData(nameof(ScheduleFree))]
    public void A_strategy_that_moves_the_weights_does_not_go_with_a_schedule_free_optimizer(Optimizer optimizer)
    {
        var error = Assert.ThrowsExactly<ArgumentException>(() => new TrainingRun(TinyModels.Mlp(), Points, Options with { Optimizer = optimizer, Averaging = new SwitchEma(new(0.9)) }).Start());
        StringAssert.Contains(error.Message, "schedule-free", StringComparison.Ordinal);
    }

    private static List<string> Statistics(TrainingRun run) =>
        [.. Manifest.Read(run.Folder.Artifacts).Layout.Parameters.Where(p => p.Group == "statistics").Select(p => p.Name)];
}
