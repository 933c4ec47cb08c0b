using Sema.Onnx.Averaging;
using Sema.Onnx.Data;
using Sema.Onnx.Export;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Schedules;

namespace Sema.Onnx.Training;

/// <summary>Whole runs with several averages, and with weights that are not trained.</summary>
[TestClass]
public sealed class SeveralAveragesTests
{
    public static IEnumerable<object[]> Names => StrategyReferences.All.Keys.Select(name => new object[] { name });

    // One of each kind that leaves the weights alone.
    private static AveragingStrategy[] Still =>
        [.. StrategyReferences.All.Values.Select(v => v.Strategy).Where(s => !s.MovesWeights && s.Averages.Count > 0).GroupBy(s => s.GetType()).Select(g => g.First())];

    [TestMethod]
    public void Averages_of_one_run_have_the_bits_that_each_has_in_a_run_of_its_own()
    {
        using var together = Run(new CombinedAveraging(Still));
        var all = together.Start();
        Assert.IsGreaterThanOrEqualTo(5, Still.Length);
        CollectionAssert.AreEquivalent(Still.SelectMany(s => s.Averages).Append("online").ToList(), all.Final.Keys.ToList());
        using var folder = new TemporaryFolder();
        foreach (var strategy in Still)
        {
            using var alone = Run(strategy);
            var own = alone.Start();
            foreach (var average in strategy.Averages.Append("online"))
            {
                Assert.AreEqual(own.Final[average], all.Final[average], $"{average} of {strategy}");
                CollectionAssert.AreEqual(Exported(alone, average, folder), Exported(together, average, folder), $"{average} of {strategy}");
            }
        }
    }

    [TestMethod, DynamicData(nameof(Names))]
    public void Frozen_weights_stay_in_every_average(string name)
    {
        var strategy = StrategyReferences.All[name].Strategy;
        using var folder = new TemporaryFolder();
        using var run = Run(strategy, "w1", "b1");
        run.Start();
        var original = ModelReader.Read(TinyModels.Mlp().Save(folder)).Graph;
        foreach (var average in strategy.Averages.Append("online"))
        {
            var graph = ModelReader.Read(Exported(run, average, folder)).Graph;
            foreach (var frozen in new[] { "w1", "b1" })
                Assert.IsTrue(original.Find(frozen)!.Initializer!.IsSame(graph.Find(frozen)!.Initializer!), $"{frozen} of {average}");
            foreach (var trained in new[] { "w2", "b2" })
                Assert.IsFalse(original.Find(trained)!.Initializer!.IsSame(graph.Find(trained)!.Initializer!), $"{trained} of {average}");
        }
    }

    private static TrainingRun Run(AveragingStrategy averaging, params string[] freeze) => new(TinyModels.Mlp(), new DataSplit(TinyModels.Points(25), TinyModels.Points(10, 2)), new()
    {
        BatchSize = 5,
        Epochs = 6,
        Threads = 1,
        Optimizer = new Sgd { Momentum = 0.9 },
        Schedule = _ => new ConstantSchedule(0.05),
        Averaging = averaging,
        Freeze = freeze,
    });

    private static byte[] Exported(TrainingRun run, string weights, TemporaryFolder folder)
    {
        var path = Path.Combine(folder.Path, "exported.onnx");
        RunExport.Export(run.Folder.Path, path, new() { Weights = weights, Checkpoint = "last", Threads = 1 });
        return File.ReadAllBytes(path);
    }
}
