using Sema.Onnx.Averaging;
using Sema.Onnx.Checkpoints;
using Sema.Onnx.Data;
using Sema.Onnx.Export;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Schedules;

namespace Sema.Onnx.Training;

[TestClass]
public sealed class AverageRecordsTests
{
    private static readonly CombinedAveraging Averaging = new(new ExponentialMovingAverage(0.9), new PostHocEma([0.05, 0.1], 4, IntervalUnit.Steps));

    [TestMethod]
    public void A_width_that_was_kept_is_made_of_itself()
    {
        using var run = Run();
        run.Start();
        CollectionAssert.AreEqual((string[])["step-000000004", "step-000000008", "step-000000012"], Records(run));
        var (weights, step) = new AverageRecords(run.Folder).Synthesize(0.1, Manifest.Read(run.Folder.Artifacts));
        Assert.AreEqual(12, step);
        foreach (var (name, values) in weights)
        {
            var kept = run.Tensor($"shadow2/{name}");
            for (var i = 0; i < kept.Length; i++)
                Assert.AreEqual(kept[i], values.Span[i], 1e-6, name);
        }
    }

    [TestMethod]
    public void A_run_that_is_resumed_makes_the_records_it_would_have_made()
    {
        using var whole = Run();
        whole.Start();
        using var broken = Run();
        broken.Options = broken.Options with { SaveEvery = 2 };
        broken.StartUntil(9);
        var store = new CheckpointStore(broken.Folder.Checkpoints);
        foreach (var name in store.Names().Where(n => string.CompareOrdinal(n, "step-000000006") > 0 && n != RunFolder.Best))
            Directory.Delete(Path.Combine(broken.Folder.Checkpoints, name), recursive: true);
        broken.Resume();
        CollectionAssert.AreEqual(Records(whole), Records(broken));
        foreach (var (name, bytes) in whole.Tensors())
            CollectionAssert.AreEqual(bytes, broken.Tensors()[name], name);
    }

    [TestMethod]
    public void An_average_of_any_width_is_exported()
    {
        using var run = Run();
        run.Start();
        var output = Path.Combine(run.Folder.Path, "tuned.onnx");
        var export = RunExport.Export(run.Folder.Path, output, new() { Weights = "posthoc:0.08" });
        Assert.AreEqual("posthoc:0.08", export.Weights);
        Assert.AreEqual(12, export.Step);
        Assert.IsTrue(File.Exists(output));
        foreach (var wrong in new[] { "posthoc:", "posthoc:wide", "posthoc:0.5", "posthoc:NaN" })
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => RunExport.Export(run.Folder.Path, output, new() { Weights = wrong }), wrong);
    }

    [TestMethod]
    public void A_run_without_records_says_so()
    {
        using var run = Run();
        run.Options = run.Options with { Averaging = new NoAveraging() };
        run.Start();
        var error = Assert.ThrowsExactly<CheckpointException>(() => RunExport.Export(run.Folder.Path, "x.onnx", new() { Weights = "posthoc:0.1" }));
        StringAssert.Contains(error.Message, "--average posthoc");
    }

    // 25 samples in batches of 4: 6 steps an epoch, 12 in all.
    private static TrainingRun Run() => new(TinyModels.Mlp(), new DataSplit(TinyModels.Points(25), null), new()
    {
        BatchSize = 4,
        Epochs = 2,
        Threads = 1,
        Keep = 20,
        Schedule = _ => new ConstantSchedule(0.01),
        Averaging = Averaging,
    });

    private static List<string> Records(TrainingRun run) => [.. new CheckpointStore(run.Folder.Records, int.MaxValue).Names()];
}
