using Sema.Onnx.Averaging;
using Sema.Onnx.Data;
using Sema.Onnx.Data.Formats;
using Sema.Onnx.Export;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Schedules;
using Sema.Onnx.Training;

namespace Sema.Onnx;

/// <summary>The README's example, compiled and run: it stands here between the two marks, letter for letter.</summary>
[TestClass]
[DoNotParallelize]   // it works in the current folder
public sealed class ReadmeTests
{
    [TestMethod]
    public void The_example_fine_tunes_and_exports_a_model()
    {
        using var folder = new TemporaryFolder();
        var before = Directory.GetCurrentDirectory();
        try
        {
            Directory.SetCurrentDirectory(folder.Path);
            TinyModels.Mlp().Save(folder);
            Write(folder, "data/train.npz", TinyModels.Points(6400, seed: 1));
            Write(folder, "data/test.npz", TinyModels.Points(60, seed: 2));

            Example();

            Assert.IsTrue(File.Exists("tuned.onnx"));
        }
        finally
        {
            Directory.SetCurrentDirectory(before);
        }
    }

    [TestMethod]
    public void The_readme_shows_this_example()
    {
        var readme = Lines(Repository.Read("README.md"), "```csharp", "```");
        var source = Repository.Read("tests/Sema.Onnx.Tests/ReadmeTests.cs");
        var body = Lines(source, "        // begin", "        // end").Select(line => line.Length > 8 ? line[8..] : "");

        CollectionAssert.AreEqual(body.ToList(), readme.Where(line => !line.StartsWith("using Sema.", StringComparison.Ordinal)).SkipWhile(line => line.Length == 0).ToList());
        foreach (var line in readme.Where(line => line.StartsWith("using Sema.", StringComparison.Ordinal)))
            Assert.Contains(line, source);
    }

    private static void Example()
    {
        // begin
        var data = DataSpec.Load("npz:data");   // or mnist, fashion-mnist, cifar10:DIR, ...
        using var trainer = Trainer.Start("model.onnx", "run", data, new TrainerOptions
        {
            Epochs = 3,
            Optimizer = new AdamW { WeightDecay = 0.01 },
            Schedule = length => new CosineSchedule(1e-3, length.Steps).WithWarmup(10),
            Averaging = new SwitchEma(new ExponentialMovingAverage(0.99)),
        });
        var result = trainer.Train();
        var export = RunExport.Export("run", "tuned.onnx", new RunExportOptions { Proof = data.Test });
        Console.WriteLine($"accuracy {result.Start?.Accuracy:P1} -> {result.Best?.Accuracy:P1}; proven to {export.Report.MaxRelativeDifference:E1}");
        // end
        Assert.IsGreaterThan(result.Start!.Accuracy!.Value, result.Best!.Accuracy!.Value);
        Assert.IsLessThan(1e-5, export.Report.MaxRelativeDifference);
    }

    private static void Write(TemporaryFolder folder, string name, Samples samples) => folder.WriteZip(name,
        ("input.npy", Npy.File("<f4", $"({samples.Count}, {TinyModels.Features})", [.. Enumerable.Range(0, samples.Count).SelectMany(i => samples.InputOf(i).ToArray())])),
        ("target.npy", Npy.File("<i8", $"({samples.Count},)", [.. Enumerable.Range(0, samples.Count).SelectMany(i => BitConverter.GetBytes(samples.LabelOf(i)))])));

    private static List<string> Lines(string text, string begin, string end) =>
        [.. text.Split('\n').SkipWhile(line => line != begin).Skip(1).TakeWhile(line => line != end)];
}
