using Sema.Onnx.Averaging;
using Sema.Onnx.Data;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Losses;
using Sema.Onnx.Runtime;
using Sema.Onnx.Training;

namespace Sema.Onnx.Export;

[TestClass]
public sealed class ModelSoupTests
{
    private static readonly string[] Weights = ["w1", "b1", "w2", "b2"];

    [TestMethod]
    public void A_uniform_soup_is_the_mean_in_float64_rounded_once()
    {
        using var folder = new SoupFolder();
        string[] models = [folder.Member(1), folder.Member(2), folder.Member(3)];

        var report = ModelSoup.Uniform(models, folder.Output);

        foreach (var name in Weights)
        {
            var members = models.Select(m => SoupFolder.Read(m, name).ToFloat64()).ToList();
            float[] mean = [.. members[0].Select((_, i) => (float)(members.Sum(m => m[i]) / 3))];
            CollectionAssert.AreEqual(mean, SoupFolder.Read(folder.Output, name).As<float>().ToArray(), name);
        }

        Assert.AreEqual((4, 4L * (20 + 5 + 15 + 3)), (report.ChangedTensors, report.ChangedBytes));
        Assert.IsTrue(report.Shares.All(s => s == 1.0 / 3));
        Assert.IsEmpty(report.Trials);
        Assert.AreEqual("soup.onnx", folder.Written);
    }

    [TestMethod]
    public void Only_the_bytes_of_the_weights_change()
    {
        using var folder = new SoupFolder();
        string[] models = [folder.Member(1), folder.Member(2)];
        ModelSoup.Uniform(models, folder.Output);

        var expected = File.ReadAllBytes(models[0]);
        foreach (var name in Weights)
        {
            var at = expected.AsSpan().IndexOf(SoupFolder.Read(models[0], name).Data.Span);
            SoupFolder.Read(folder.Output, name).Data.Span.CopyTo(expected.AsSpan(at));
        }

        CollectionAssert.AreEqual(expected, File.ReadAllBytes(folder.Output));
    }

    [TestMethod]
    public void Each_tensor_keeps_its_own_type()
    {
        using var folder = new SoupFolder();
        ModelSoup.Uniform([folder.Save("a.onnx", Typed(1, 2)), folder.Save("b.onnx", Typed(2, 3))], folder.Output);

        foreach (var type in Types)
        {
            var mean = SoupFolder.Read(folder.Output, type.Name());
            Assert.AreEqual(type, mean.Type);
            CollectionAssert.AreEqual(new[] { 1.5, 2.5 }, mean.ToFloat64(), type.Name());
        }
    }

    [TestMethod]
    public void The_ends_of_an_interpolation_are_the_models_bit_for_bit()
    {
        using var folder = new SoupFolder();
        var (a, b) = (folder.Member(1), folder.Save("b.onnx", TinyModels.Mlp(), graph =>
        {
            SoupFolder.Disturb(graph, 2, 1);
            graph.Find("b1")!.Initializer = Tensor.Floats([5], [-0f, float.Epsilon, 1e38f, -1e-40f, 0]);
        }));

        Assert.AreEqual(0, ModelSoup.Interpolate(a, b, [0], folder.Output).ChangedTensors);
        CollectionAssert.AreEqual(File.ReadAllBytes(a), File.ReadAllBytes(folder.Output));

        ModelSoup.Interpolate(a, b, [1], folder.Output);
        CollectionAssert.AreEqual(File.ReadAllBytes(b), File.ReadAllBytes(folder.Output));

        ModelSoup.Interpolate(a, b, [0.25], folder.Output);
        double[] ours = SoupFolder.Read(a, "w1").ToFloat64(), theirs = SoupFolder.Read(b, "w1").ToFloat64();
        CollectionAssert.AreEqual(ours.Zip(theirs, (x, y) => (float)((0.75 * x) + (0.25 * y))).ToArray(), SoupFolder.Read(folder.Output, "w1").As<float>().ToArray());
    }

    [TestMethod]
    public void Copies_of_a_model_average_to_that_model()
    {
        using var folder = new SoupFolder();
        string[] models = [.. new[] { "a", "b", "c" }.Select(name => folder.Save($"{name}.onnx", TinyModels.Mlp(), g => SoupFolder.Disturb(g, 3, 1)))];
        ModelSoup.Uniform(models, folder.Output);
        CollectionAssert.AreEqual(File.ReadAllBytes(models[0]), File.ReadAllBytes(folder.Output));
    }

    [TestMethod]
    public void Of_several_points_between_two_models_the_best_is_written()
    {
        using var folder = new SoupFolder();
        var (a, b) = (folder.Member(1), folder.Member(2));
        var report = ModelSoup.Interpolate(a, b, [0, 0.5, 1], folder.Output, Judged() with { Metric = SoupMetric.Loss });

        Assert.HasCount(3, report.Trials);
        Assert.AreEqual(report.Trials.Min(t => t.Result.Loss), report.Result!.Loss);
        CollectionAssert.AreEqual(report.Trials.MinBy(t => t.Result.Loss)!.Shares.ToList(), report.Shares.ToList());
        Assert.AreEqual(report.Result, Evaluate(folder.Output));
        Assert.AreEqual(report.Trials[0].Result, Evaluate(a));
        Assert.AreEqual(report.Trials[2].Result, Evaluate(b));
        Assert.AreEqual("soup.onnx", folder.Written);
    }

    [TestMethod]
    [DataRow(1, SoupMetric.Accuracy)]
    [DataRow(2, SoupMetric.Accuracy)]
    [DataRow(3, SoupMetric.Loss)]
    [DataRow(4, SoupMetric.Loss)]
    public void A_greedy_soup_is_never_worse_than_its_best_member(int seed, SoupMetric metric)
    {
        using var folder = new SoupFolder();
        string[] models = [.. Enumerable.Range(0, 5).Select(k => folder.Member((10 * seed) + k, noise: 1 + k))];
        var report = ModelSoup.Greedy(models, folder.Output, Judged() with { Metric = metric });

        var alone = report.Trials.Take(5).Select(t => t.Result).ToList();
        var written = Evaluate(folder.Output);
        Assert.AreEqual(report.Result, written);
        if (metric == SoupMetric.Accuracy)
            Assert.IsGreaterThanOrEqualTo(alone.Max(r => r.Accuracy!.Value), written.Accuracy!.Value);
        else
            Assert.IsLessThanOrEqualTo(alone.Min(r => r.Loss), written.Loss);

        // The recipe, written out: what was judged after the members is the best with the next one, and so on.
        double Score(EvaluationResult r) => metric == SoupMetric.Accuracy ? r.Accuracy!.Value : -r.Loss;
        var order = Enumerable.Range(0, 5).OrderByDescending(k => Score(alone[k])).ToList();
        var (members, best, at) = (new List<int> { order[0] }, Score(alone[order[0]]), 5);
        foreach (var k in order.Skip(1))
        {
            var trial = report.Trials[at++];
            CollectionAssert.AreEquivalent(members.Append(k).ToList(), trial.Shares.Index().Where(s => s.Item > 0).Select(s => s.Index).ToList());
            if (Score(trial.Result) < best)
                continue;
            best = Score(trial.Result);
            members.Add(k);
        }

        Assert.AreEqual(best, Score(written));
        CollectionAssert.AreEquivalent(members, report.Shares.Index().Where(s => s.Item > 0).Select(s => s.Index).ToList());
        Assert.AreEqual("soup.onnx", folder.Written);
    }

    [TestMethod]
    public void A_greedy_soup_takes_what_helps_and_leaves_what_does_not()
    {
        using var folder = new SoupFolder();
        var good = folder.Member(1, 0.2f);
        var wrong = folder.Save("wrong.onnx", TinyModels.Mlp(), g => SoupFolder.Disturb(g, 2, 50));
        var report = ModelSoup.Greedy([wrong, good, folder.Member(3, 0.2f)], folder.Output, Judged() with { Metric = SoupMetric.Loss });
        Assert.AreEqual(0, report.Shares[0], "noise of 50 on the weights helps nobody");
    }

    [TestMethod]
    public void External_data_stay_external_and_members_may_store_theirs_otherwise()
    {
        using var folder = new SoupFolder();
        Directory.CreateDirectory(folder.In("a"));
        new SmallModel().SaveExternal(folder.In("a/model.onnx"));
        var other = folder.Save("b/model.onnx", new SmallModel().Build(), g => SoupFolder.Disturb(g, 1, 1));

        ModelSoup.Uniform([folder.In("a/model.onnx"), other], folder.Output);

        Assert.AreEqual("small.bin soup.onnx", folder.Written);
        CollectionAssert.AreEqual(File.ReadAllBytes(folder.In("a/model.onnx")), File.ReadAllBytes(folder.Output));
        foreach (var name in SmallModel.Weights.Keys)
        {
            var mean = SmallModel.Initial(name).Zip(SoupFolder.Read(other, name).As<float>().ToArray(), (x, y) => (float)(((double)x + y) / 2)).ToArray();
            CollectionAssert.AreEqual(mean, SoupFolder.Read(folder.Output, name).As<float>().ToArray(), name);
        }
    }

    [TestMethod]
    public void Tensors_longer_than_a_piece_are_averaged_whole()
    {
        using var folder = new SoupFolder();
        const int Count = (1 << 18) + 5;
        string[] models = [.. new[] { 1, 2 }.Select(seed => folder.Save($"{seed}.onnx", Long(seed)))];
        ModelSoup.Uniform(models, folder.Output);
        var mean = SoupFolder.Read(models[0], "w").ToFloat64().Zip(SoupFolder.Read(models[1], "w").ToFloat64(), (x, y) => (float)((x + y) / 2)).ToArray();
        CollectionAssert.AreEqual(mean, SoupFolder.Read(folder.Output, "w").As<float>().ToArray());

        static Model Long(int seed)
        {
            var graph = new Graph("long");
            var x = graph.AddInput("x", ElementType.Float32, Shape.Of(Count));
            return TinyModels.Finish(graph, x + graph.AddInitializer("w", Tensor.Floats([Count], TestModels.Random(seed, Count))), Shape.Of(Count));
        }
    }

    [TestMethod]
    public void A_run_stands_for_its_weights()
    {
        var data = new DataSplit(TinyModels.Points(25), TinyModels.Points(10, 2));
        using var run = new TrainingRun(TinyModels.Mlp(), data, new() { Averaging = new ExponentialMovingAverage(0.9), BatchSize = 5, Epochs = 1, Threads = 1 });
        run.Start();
        using var folder = new SoupFolder();
        RunExport.Export(run.Folder.Path, folder.In("ema.onnx"), new());
        RunExport.Export(run.Folder.Path, folder.In("online.onnx"), new() { Weights = "online" });
        var pretrained = folder.Save("pretrained.onnx", TinyModels.Mlp());

        ModelSoup.Interpolate(pretrained, run.Folder.Path, [1], folder.Output);
        CollectionAssert.AreEqual(File.ReadAllBytes(folder.In("ema.onnx")), File.ReadAllBytes(folder.Output));
        ModelSoup.Interpolate(pretrained, run.Folder.Path, [1], folder.Output, new() { Weights = "online" });
        CollectionAssert.AreEqual(File.ReadAllBytes(folder.In("online.onnx")), File.ReadAllBytes(folder.Output));

        var original = Path.Combine(Path.GetDirectoryName(run.Folder.Path)!, "model.onnx");
        var before = File.ReadAllBytes(original);
        Assert.ThrowsExactly<ExportException>(() => ModelSoup.Uniform([pretrained, run.Folder.Path], original));
        CollectionAssert.AreEqual(before, File.ReadAllBytes(original));
    }

    [TestMethod]
    public void Nothing_is_written_over_a_file_of_a_model()
    {
        using var folder = new SoupFolder();
        Directory.CreateDirectory(folder.In("a"));
        Directory.CreateDirectory(folder.In("b"));
        new SmallModel().SaveExternal(folder.In("a/model.onnx"));
        new SmallModel().SaveExternal(folder.In("b/model.onnx"));
        string[] models = [folder.In("a/model.onnx"), folder.In("b/model.onnx")];
        var before = File.ReadAllBytes(folder.In("b/small.bin"));

        foreach (var output in new[] { models[0], models[1], folder.In("a/small.bin"), folder.In("b/small.bin"), folder.In("a/new.onnx"), folder.In("b/new.onnx"), folder.In("to") })
            Assert.ThrowsExactly<ExportException>(() => ModelSoup.Uniform(models, output), output);

        CollectionAssert.AreEqual(before, File.ReadAllBytes(folder.In("b/small.bin")));
        Assert.HasCount(4, Directory.GetFiles(folder.In("a")).Concat(Directory.GetFiles(folder.In("b"))).ToList());
        Assert.IsEmpty(Directory.GetDirectories(folder.In("b")));
    }

    [TestMethod]
    public void What_is_no_number_is_refused()
    {
        using var folder = new SoupFolder();
        var broken = folder.Save("broken.onnx", TinyModels.Mlp(), g => g.Find("b2")!.Initializer = Tensor.Floats([3], [0, float.NaN, 0]));
        StringAssert.Contains(folder.Refusal(folder.Member(1), broken), "'b2' is no number at element 1");
    }

    [TestMethod]
    public void Wrong_arguments_are_refused()
    {
        using var folder = new SoupFolder();
        var (a, b) = (folder.Member(1), folder.Member(2));
        Assert.ThrowsExactly<ArgumentException>(() => ModelSoup.Uniform([a], folder.Output));
        Assert.ThrowsExactly<ArgumentException>(() => ModelSoup.Greedy([a, b], folder.Output, new()));
        Assert.ThrowsExactly<ArgumentException>(() => ModelSoup.Interpolate(a, b, [], folder.Output));
        Assert.ThrowsExactly<ArgumentException>(() => ModelSoup.Interpolate(a, b, [0, 1], folder.Output));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => ModelSoup.Interpolate(a, b, [1.5], folder.Output));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => ModelSoup.Interpolate(a, b, [double.NaN], folder.Output));
        Assert.ThrowsExactly<FileNotFoundException>(() => ModelSoup.Uniform([a, folder.In("nowhere.onnx")], folder.Output));
        Assert.ThrowsExactly<InvalidModelException>(() => ModelSoup.Uniform([a, folder.Save("x.onnx", TinyModels.Mlp()) is var x && Cut(x) ? x : ""], folder.Output));
        StringAssert.Contains(folder.Refusal(a, a), "twice");
        Assert.AreEqual("", folder.Written);

        static bool Cut(string path)
        {
            File.WriteAllBytes(path, File.ReadAllBytes(path)[..40]);
            return true;
        }
    }

    [TestMethod]
    public void A_soup_that_is_cancelled_leaves_nothing()
    {
        using var folder = new SoupFolder();
        using var stop = new CancellationTokenSource();
        var (data, read) = (TinyModels.Points(60, 7), 0);
        data.Reading = _ =>
        {
            if (Interlocked.Increment(ref read) == 150)
                stop.Cancel();
        };
        Assert.Throws<OperationCanceledException>(() => ModelSoup.Greedy([folder.Member(1), folder.Member(2)], folder.Output, Judged() with { Data = data }, stop.Token));
        Assert.AreEqual("", folder.Written);
    }

    [TestMethod]
    public void An_accuracy_that_there_is_not_cannot_be_judged_by()
    {
        using var folder = new SoupFolder();
        var points = TinyModels.Points(10);
        var options = Judged() with { Metric = SoupMetric.Accuracy, Data = new Values(points), Evaluation = new() { Loss = new MeanSquaredErrorLoss(), Threads = 1 } };
        var error = Assert.ThrowsExactly<ArgumentException>(() => ModelSoup.Greedy([folder.Member(1), folder.Member(2)], folder.Output, options));
        StringAssert.Contains(error.Message, "no classes");
        Assert.IsLessThanOrEqualTo(double.MaxValue, ModelSoup.Greedy([folder.Member(1), folder.Member(2)], folder.Output, options with { Metric = null }).Result!.Loss);
    }

    private static readonly ElementType[] Types = [ElementType.Float16, ElementType.BFloat16, ElementType.Float32, ElementType.Float64];

    // y = x + Σ casts, one weight of each float type.
    private static Model Typed(double first, double second)
    {
        var graph = new Graph("typed");
        var sum = graph.AddInput("x", ElementType.Float32, Shape.Of(2));
        foreach (var type in Types)
        {
            byte[] data = [.. new[] { first, second }.SelectMany(v => Tensor.Scalar(v, type).Data.ToArray())];
            sum += graph.AddInitializer(type.Name(), new Tensor(type, [2], data)).Cast(ElementType.Float32);
        }

        return TinyModels.Finish(graph, sum, Shape.Of(2));
    }

    private static SoupOptions Judged() => new() { Data = TinyModels.Points(60, 7), Evaluation = new() { Threads = 1 } };

    private static EvaluationResult Evaluate(string model) => ModelEvaluator.Evaluate(model, TinyModels.Points(60, 7), new() { Threads = 1 });

    /// <summary>Points whose targets are three numbers.</summary>
    private sealed class Values(Samples points) : IDataset
    {
        public int Count => points.Count;

        public ArraySpec Input => points.Input;

        public ArraySpec Target { get; } = new(ElementType.Float32, TinyModels.Classes);

        public void Read(int index, Span<byte> input, Span<byte> target)
        {
            points.Read(index, input, stackalloc byte[sizeof(long)]);
            target.Clear();
        }
    }
}
