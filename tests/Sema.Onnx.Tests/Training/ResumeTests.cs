using Sema.Onnx.Averaging;
using Sema.Onnx.Checkpoints;
using Sema.Onnx.Data;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Losses;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Schedules;

namespace Sema.Onnx.Training;

[TestClass]
public sealed class ResumeTests
{
    private const int Epochs = 3;

    private static readonly ExponentialMovingAverage Ema = new([0.9, 0.99], new LinearWarmup(0.5, 5), 2);

    /// <summary>What a run may be made of: the strategies, with everything else that has state.</summary>
    private static readonly Dictionary<string, TrainerOptions> All = new()
    {
        ["none"] = Options with { Optimizer = new Sgd() },
        ["none, three batches a step"] = Options with { Accumulate = 3, Optimizer = new Sgd { Momentum = 0.9 } },
        ["two decays, warmed up"] = Options with { Averaging = Ema },
        ["switch every epoch"] = Options with { Averaging = new SwitchEma(new(0.9)) },
        ["switch every second step"] = Options with { Averaging = new SwitchEma(Ema, 2, IntervalUnit.Steps), Accumulate = 3, BatchSize = 3 },
        ["partial switch"] = Options with { Averaging = new SwitchEma(new(0.9), 3, IntervalUnit.Steps, keep: 0.25), ClipNorm = 0.1 },
        ["live batch normalisation"] = Images with { Averaging = new SwitchEma(new(0.9)), Accumulate = 3, BatchSize = 3 },
        ["sharpness-aware"] = Options with { Sharpness = new() { Rho = 0.2 }, ClipNorm = 0.5 },
        ["adaptively sharpness-aware"] = Images with { Sharpness = new() { Rho = 0.5, Adaptive = true }, Accumulate = 3, BatchSize = 3, Optimizer = new Sgd { Momentum = 0.9 } },
        ["groups and layers"] = Options with { Groups = [new("w1") { RateScale = 0.5, WeightDecay = 0.2 }, new("b*") { RateScale = 2 }], LayerDecay = new(0.75) },
        ["augmentation"] = Images with { Augmentation = new(Crop: true, Flip: true), Averaging = Ema, Schedule = length => new CosineSchedule(0.01, length.Steps).WithWarmup(3) },
    };

    public static IEnumerable<object[]> Names => All.Keys.Select(name => new object[] { name });

    /// <summary>Every averaging strategy there is: a new one must have a definition among them, and with it is resumed here.</summary>
    public static IEnumerable<object[]> Strategies => StrategyReferences.All.Keys.Select(name => new object[] { name });

    // 25 samples in batches of 4: 6 steps an epoch, and one sample that each epoch leaves out.
    private static TrainerOptions Options => new()
    {
        BatchSize = 4,
        Epochs = Epochs,
        Threads = 1,
        Optimizer = new AdamW { WeightDecay = 0.01 },
        Schedule = _ => new ConstantSchedule(0.01),
        Keep = 3,
    };

    private static TrainerOptions Images => Options with { BatchNormalization = BatchNormalizationMode.Train };

    [TestMethod, DynamicData(nameof(Names))]
    public void An_interrupted_run_has_the_bits_of_an_undisturbed_one(string name)
    {
        using var whole = Run(All[name]);
        var result = whole.Start();
        Assert.AreEqual(RunEnd.Completed, result.Ended);
        var perEpoch = result.Position.Steps / Epochs;

        // Within the first epoch, at its end, within the second, and at the last step.
        using var broken = Run(All[name]);
        Assert.AreEqual(1, broken.StartUntil(1).Position.Step);
        foreach (var step in new[] { perEpoch, perEpoch + 1, result.Position.Steps - 1 }.Where(s => s > 1).Distinct())
            Assert.AreEqual(step, broken.ResumeUntil(step).Position.Step);
        var resumed = broken.Resume();

        Assert.AreEqual(RunEnd.Completed, resumed.Ended);
        Same(whole, broken);
        Assert.AreEqual(result.Best, resumed.Best);
        Assert.AreEqual(result.BestEpoch, resumed.BestEpoch);
        Assert.AreEqual(result.Start, resumed.Start);
        CollectionAssert.AreEqual(result.Final.OrderBy(f => f.Key).ToList(), resumed.Final.OrderBy(f => f.Key).ToList());
        Assert.AreEqual(File.ReadAllText(whole.Folder.Metrics), File.ReadAllText(broken.Folder.Metrics));
    }

    // Ten epochs of 5 steps, as the definitions have it; stopped right after a switch, in the middle of an interval, and at an epoch's end.
    [TestMethod, DynamicData(nameof(Strategies))]
    public void Every_strategy_goes_on_with_the_bits_of_an_undisturbed_run(string name)
    {
        var options = Options with
        {
            Averaging = StrategyReferences.All[name].Strategy,
            BatchSize = 5,
            Epochs = StrategyReferences.Steps / StrategyReferences.PerEpoch,
            Freeze = ["w1"],
        };
        using var whole = Run(options);
        var result = whole.Start();
        Assert.AreEqual(StrategyReferences.Steps, result.Position.Steps);
        using var broken = Run(options);
        broken.StartUntil(13);
        broken.ResumeUntil(20);
        broken.ResumeUntil(31);
        var resumed = broken.Resume();

        Same(whole, broken);
        CollectionAssert.AreEqual(result.Final.OrderBy(f => f.Key).ToList(), resumed.Final.OrderBy(f => f.Key).ToList());
        Assert.AreEqual(File.ReadAllText(whole.Folder.Metrics), File.ReadAllText(broken.Folder.Metrics));
        Assert.AreEqual(Records(whole), Records(broken));

        Assert.AreEqual(Directory.Exists(whole.Folder.Records), Directory.Exists(broken.Folder.Records));

        static string Records(TrainingRun run) => !Directory.Exists(run.Folder.Records) ? "" : string.Join('\n', Directory.EnumerateFiles(run.Folder.Records, "*", SearchOption.AllDirectories)
            .Where(f => Path.GetFileName(f) != ".lock").Order(StringComparer.Ordinal).Select(f => $"{Path.GetRelativePath(run.Folder.Path, f)} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(f)))}"));
    }

    [TestMethod]
    public void A_run_that_is_cancelled_during_an_evaluation_makes_up_for_it()
    {
        using var whole = Run(All["switch every epoch"]);
        whole.Start();

        using var stop = new CancellationTokenSource();
        var (train, test) = (TinyModels.Points(25), TinyModels.Points(10, 2));
        using var broken = new TrainingRun(TinyModels.Mlp(), new DataSplit(train, test), All["switch every epoch"]);
        var trained = false;
        test.Reading = _ =>
        {
            if (trained)
                stop.Cancel();
        };
        var result = broken.Start(new Listener(p => trained |= p.Position.Step == 6), stop.Token);
        Assert.AreEqual(RunEnd.Interrupted, result.Ended);
        Assert.AreEqual(6, result.Position.Step);
        Assert.HasCount(1, broken.Metrics("eval/online"), "only the evaluation at the start is complete");
        test.Reading = _ => { };
        broken.Resume();
        Same(whole, broken);
        Assert.AreEqual(File.ReadAllText(whole.Folder.Metrics), File.ReadAllText(broken.Folder.Metrics));
    }

    [TestMethod]
    [DataRow(false, DisplayName = "resumed from its checkpoint")]
    [DataRow(true, DisplayName = "gone on with by the same trainer")]
    public void A_run_that_is_cancelled_between_the_batches_of_a_step_leaves_no_part_of_it(bool same)
    {
        // Eight batches of three make the one step of an epoch, so that nearly every moment is in the middle of a step.
        var options = Images with { Averaging = new SwitchEma(new(0.9)), Accumulate = 8, BatchSize = 3 };
        using var whole = new TrainingRun(TinyModels.ConvNet(), new DataSplit(TinyModels.Images(25), null), options);
        Assert.AreEqual(Epochs, whole.Start().Position.Steps);

        using var folder = new TemporaryFolder();
        using var stop = new CancellationTokenSource();
        var (train, read) = (TinyModels.Images(25), 0);
        train.Reading = _ =>
        {
            if (Interlocked.Increment(ref read) == 24 + 20)
                stop.Cancel();
        };
        var data = new DataSplit(train, null);
        var trainer = Trainer.Start(TinyModels.ConvNet().Save(folder), Path.Combine(folder.Path, "run"), data, options);
        Assert.AreEqual(RunEnd.Interrupted, trainer.Train(null, stop.Token).Ended);
        if (!same)
        {
            trainer.Dispose();
            trainer = Trainer.Resume(Path.Combine(folder.Path, "run"), data, options);
        }

        Assert.AreEqual(RunEnd.Completed, trainer.Train().Ended);
        trainer.Dispose();
        using var checkpoint = new CheckpointStore(trainer.Run.Checkpoints).LoadLatest();
        foreach (var (name, bytes) in whole.Tensors())
            CollectionAssert.AreEqual(bytes, checkpoint.Tensors.Read(name), name);
    }

    [TestMethod]
    public void A_run_that_is_cancelled_before_its_first_step_begins_anew()
    {
        using var whole = Run(All["none"]);
        whole.Start();
        using var broken = Run(All["none"]);
        using var stop = new CancellationTokenSource();
        var result = broken.Start(new Listener(_ => stop.Cancel()), stop.Token);
        Assert.AreEqual(0, result.Position.Step);
        Assert.IsEmpty(broken.Checkpoints);
        broken.Resume();
        Same(whole, broken);
        Assert.AreEqual(File.ReadAllText(whole.Folder.Metrics), File.ReadAllText(broken.Folder.Metrics), "the evaluation at the start stands there once");
    }

    [TestMethod]
    public void A_run_can_be_made_longer()
    {
        using var whole = Run(All["two decays, warmed up"]);
        whole.Start();
        using var longer = Run(All["two decays, warmed up"] with { Epochs = 1 });
        longer.Start();
        longer.Options = longer.Options with { Epochs = Epochs };
        longer.Resume();
        Same(whole, longer);
    }

    [TestMethod]
    public void A_run_that_is_resumed_at_its_end_does_nothing_more()
    {
        using var run = Run(All["switch every epoch"]);
        var first = run.Start();
        var (before, metrics) = (run.Tensors(), File.ReadAllText(run.Folder.Metrics));
        var again = run.Resume();
        Assert.AreEqual(RunEnd.Completed, again.Ended);
        Assert.AreEqual(first.Position, again.Position);
        Assert.AreEqual(first.Final["ema"], again.Final["ema"]);
        Assert.AreEqual(metrics, File.ReadAllText(run.Folder.Metrics));
        foreach (var (name, bytes) in run.Tensors())
            CollectionAssert.AreEqual(before[name], bytes, name);
    }

    [TestMethod]
    public void A_checkpoint_holds_weights_slots_and_averages_of_every_parameter()
    {
        using var run = Run(All["two decays, warmed up"] with { Epochs = 1 });
        run.Start();
        string[] roles = ["moment1", "moment2", "shadow0", "shadow1", "weights"], parameters = ["b1", "b2", "w1", "w2"];
        CollectionAssert.AreEqual(roles.SelectMany(r => parameters.Select(p => $"{r}/{p}")).ToList(), run.Tensors().Keys.ToList());
    }

    [TestMethod]
    public void Other_options_than_the_runs_are_refused()
    {
        using var run = Run(Options with { Averaging = new SwitchEma(new(0.9)), Epochs = 1 });
        var begun = run.Options;
        run.Start();
        Refused("seed", begun with { Seed = 1 });
        Refused("batch size", begun with { BatchSize = 5 });
        Refused("accumulate", begun with { Accumulate = 2 });
        Refused("averaging", begun with { Averaging = new SwitchEma(new(0.99)) });
        Refused("averaging", begun with { Averaging = new NoAveraging() });
        Refused("optimizer", begun with { Optimizer = new Sgd() });
        Refused("optimizer", begun with { Optimizer = new AdamW { WeightDecay = 0.1 } });
        Refused("clip norm", begun with { ClipNorm = 1 });
        Refused("loss", begun with { Loss = new CrossEntropyLoss { LabelSmoothing = 0.1f } });
        Refused("freeze", begun with { Freeze = ["w1"] });
        Refused("train", begun with { Train = ["w1"] });
        Refused("classes", begun with { Classes = 4 });
        Refused("groups", begun with { Groups = [new("w1") { RateScale = 0.5 }] });
        Refused("layer decay", begun with { LayerDecay = new(0.5) });
        Refused("sharpness", begun with { Sharpness = new() });
        Refused("decay vectors", begun with { DecayVectors = false });
        Refused("batch normalization", begun with { BatchNormalization = BatchNormalizationMode.Train });
        Refused("pixels", begun with { Pixels = new() { Mean = [0.5] } });

        void Refused(string what, TrainerOptions options)
        {
            run.Options = options;
            var error = Assert.ThrowsExactly<CheckpointException>(() => run.Resume());
            StringAssert.Contains(error.Message, $"made with another {what} (", StringComparison.Ordinal);
        }
    }

    [TestMethod]
    public void A_checkpoint_of_another_run_is_refused()
    {
        using var run = Run(Options with { Epochs = 1 });
        using var other = new TrainingRun(TinyModels.Mlp(end: y => y.Tanh()), new DataSplit(TinyModels.Points(25), null), Options with { Epochs = 1 });
        run.Start();
        other.Start();
        Directory.Delete(run.Folder.Checkpoints, recursive: true);
        Directory.Move(other.Folder.Checkpoints, run.Folder.Checkpoints);
        var error = Assert.ThrowsExactly<CheckpointException>(() => run.Resume());
        StringAssert.Contains(error.Message, "another training graphs", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Other_training_data_are_refused()
    {
        using var run = Run(Options with { Epochs = 1 });
        run.Start();
        Assert.ThrowsExactly<CheckpointException>(() => Trainer.Resume(run.Folder.Path, new(TinyModels.Points(26), null), run.Options));
    }

    [TestMethod]
    public void A_model_that_changed_or_is_gone_is_refused()
    {
        using var folder = new TemporaryFolder();
        var (model, data) = (TinyModels.Mlp().Save(folder), new DataSplit(TinyModels.Points(25), null));
        var run = Path.Combine(folder.Path, "run");
        using (var trainer = Trainer.Start(model, run, data, Options))
            trainer.Train();
        File.AppendAllText(model, "x");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidModelException>(() => Trainer.Resume(run, data, Options)).Message, "has changed", StringComparison.Ordinal);
        File.Delete(model);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidModelException>(() => Trainer.Resume(run, data, Options)).Message, "is gone", StringComparison.Ordinal);
    }

    [TestMethod]
    public void A_folder_without_a_run_is_refused()
    {
        using var folder = new TemporaryFolder();
        var data = new DataSplit(TinyModels.Points(25), null);
        Assert.ThrowsExactly<IOException>(() => Trainer.Resume(folder.Path, data, Options));
        folder.Write("run.json", (byte)'{');
        Assert.ThrowsExactly<IOException>(() => Trainer.Resume(folder.Path, data, Options));
    }

    private static TrainingRun Run(TrainerOptions options) => options.BatchNormalization == BatchNormalizationMode.Train || options.Augmentation != Augmentation.None
        ? new(TinyModels.ConvNet(), new DataSplit(TinyModels.Images(25), TinyModels.Images(10, 2)), options)
        : new(TinyModels.Mlp(), new DataSplit(TinyModels.Points(25), TinyModels.Points(10, 2)), options);

    private static void Same(TrainingRun expected, TrainingRun actual)
    {
        var (ours, theirs) = (actual.Tensors(), expected.Tensors());
        CollectionAssert.AreEqual(theirs.Keys.ToList(), ours.Keys.ToList());
        foreach (var (name, bytes) in theirs)
            CollectionAssert.AreEqual(bytes, ours[name], name);
        CollectionAssert.AreEqual(expected.Checkpoints.ToList()[^1..], actual.Checkpoints.ToList()[^1..]);
    }
}
