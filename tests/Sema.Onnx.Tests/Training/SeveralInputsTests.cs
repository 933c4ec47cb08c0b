using Sema.Onnx.Averaging;
using Sema.Onnx.Checkpoints;
using Sema.Onnx.Data;
using Sema.Onnx.Data.Formats;
using Sema.Onnx.Export;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Runtime;
using Sema.Onnx.Schedules;

namespace Sema.Onnx.Training;

[TestClass]
public sealed class SeveralInputsTests
{
    private static TrainerOptions Options => new()
    {
        BatchSize = 4,
        Epochs = 3,
        Threads = 1,
        Optimizer = new AdamW(),
        Schedule = _ => new ConstantSchedule(0.05),
        Averaging = new SwitchEma(new(0.5)),
    };

    [TestMethod]
    public void A_run_learns_and_has_the_same_bits_when_it_is_interrupted()
    {
        using var folder = new TemporaryFolder();
        var data = TokenData.Load(folder);
        using var whole = new TrainingRun(TinyModels.Tokens(), data, Options);
        var result = whole.Start();
        Assert.IsLessThan(result.Start!.Loss / 2, result.Best!.Loss);

        using var broken = new TrainingRun(TinyModels.Tokens(), data, Options);
        broken.StartUntil(1);
        broken.ResumeUntil(8);
        broken.Resume();
        foreach (var (name, bytes) in whole.Tensors())
            CollectionAssert.AreEqual(bytes, broken.Tensors()[name], name);
    }

    [TestMethod]
    public void An_evaluation_gives_what_the_model_gives()
    {
        using var folder = new TemporaryFolder();
        var data = TokenData.Load(folder).Test!;
        var model = TinyModels.Tokens().Save(folder);

        // Batches of 4, 4 and 2; then the same samples at once, and the mean of -log softmax by hand.
        var result = ModelEvaluator.Evaluate(model, data, new() { BatchSize = 4 });
        var y = ModelRunner.Run(model, new Dictionary<string, HostTensor>
        {
            ["tokens"] = HostTensor.Of<long>(All<long>(data, "tokens"), 10, TokenData.Length),
            ["in/mask:0"] = HostTensor.Of<float>(All<float>(data, "in_mask_0"), 10, TokenData.Length),
            ["state"] = new HostTensor(ElementType.Float32, 1, 10, TinyModels.Classes),
            ["scale"] = HostTensor.Scalar(2f),
        })["y"].As<float>().ToArray().Chunk(TinyModels.Classes).ToArray();
        var loss = y.Select((row, n) => Math.Log(row.Sum(v => Math.Exp(v))) - row[Label(n)]).Average();

        Assert.AreEqual(loss, result.Loss, 1e-5);
        Assert.AreEqual(10, result.Samples);

        long Label(int index)
        {
            var label = new byte[sizeof(long)];
            data.Read(index, [], label);
            return label.As<long>()[0];
        }
    }

    [TestMethod]
    [DataRow(null, "random")]
    [DataRow("data", "data")]
    public void An_export_is_proven(string? proof, string expected)
    {
        using var folder = new TemporaryFolder();
        var data = TokenData.Load(folder);
        using var run = new TrainingRun(TinyModels.Tokens(), data, Options with { Epochs = 1 });
        run.Start();

        var report = RunExport.Export(run.Folder.Path, Path.Combine(folder.Path, "tuned.onnx"), new() { Proof = proof is null ? null : data.Test }).Report;

        Assert.AreEqual(expected, report.ProofInput);
        Assert.IsLessThan(1e-5, report.MaxRelativeDifference);
    }

    [TestMethod]
    public void The_manifest_tells_every_input()
    {
        using var folder = new TemporaryFolder();
        using var run = new TrainingRun(TinyModels.Tokens(), TokenData.Load(folder), Options with { Epochs = 1 });
        run.Start();
        Assert.AreEqual("tokens Int64 [4, 3] | in/mask:0 Float32 [4, 3] | state Float32 [1, 4, 3] | scale Float32 []",
            string.Join(" | ", Manifest.Read(run.Folder.Artifacts).Inputs.Select(i => $"{i.Name} {i.Type} {Shape.Of(i.Shape)}")));
    }

    [TestMethod]
    public void Another_constant_is_another_run()
    {
        using var folder = new TemporaryFolder();
        var data = TokenData.Load(folder);
        var model = TinyModels.Tokens().Save(folder);
        var run = Path.Combine(folder.Path, "run");
        using (var trainer = Trainer.Start(model, run, data, Options with { Epochs = 1 }))
            trainer.Train();
        Assert.ThrowsExactly<CheckpointException>(() => Trainer.Resume(run, new(data.Train.WithConstant("state", 1), data.Test), Options));
    }

    [TestMethod]
    public void A_missing_array_is_told_with_what_there_is() => Refused(
        "The data hold no array for the model's inputs 'tokens' int64 [batch, length], 'scale' float32 []; they hold 'in_mask_0', 'target'. "
        + "Add an array by that name to the .npz file, or give a number for all samples, such as --input scale=0.",
        TokenData.Arrays(8).Where(a => a.Entry != "tokens.npy"));

    [TestMethod]
    public void An_array_that_does_not_count_the_samples_is_refused() => Refused(
        "The array for the input 'in/mask:0' is float32 [7,3]: its first axis does not count the 8 samples, and whole it is not what the model takes, float32 [batch, length] in batches of 4.",
        [.. TokenData.Arrays(8).Where(a => a.Entry != "in_mask_0.npy"), TokenData.Scale(2), ("in_mask_0.npy", Npy.File("<f4", "(7, 3)", new byte[7 * 3 * 4]))]);

    [TestMethod]
    public void An_array_of_another_rank_is_refused() => Refused(
        "For the input 'tokens': The data's samples are int64 [3,1] and the model's input takes int64 [?]",
        [.. TokenData.Arrays(8).Where(a => a.Entry != "tokens.npy"), TokenData.Scale(2), ("tokens.npy", Npy.File("<i8", "(8, 3, 1)", new byte[8 * 3 * 8]))]);

    [TestMethod]
    public void A_number_a_sample_for_a_single_number_is_refused() => Refused(
        "The model's input 'scale' is one float32 for all samples, but the data hold one a sample",
        [.. TokenData.Arrays(8), ("scale.npy", Npy.File("<f4", "(8,)", new byte[8 * 4]))]);

    [TestMethod]
    public void A_constant_for_no_input_is_refused() => Refused(
        "--input scales=...: the model has no input 'scales'; it has 'tokens' int64 [batch, length], 'in/mask:0' float32 [batch, length], 'state' float32 [1, batch, 3], 'scale' float32 [].",
        TokenData.Arrays(8), data => data.WithConstant("scales", 2));

    [TestMethod]
    public void A_constant_that_the_input_cannot_hold_is_refused() => Refused(
        "--input tokens=0.5: the value 0.5 at element 0 cannot be held by the model's Int64", [.. TokenData.Arrays(8), TokenData.Scale(2)], data => data.WithConstant("tokens", 0.5));

    [TestMethod]
    public void Nothing_but_constants_is_refused() => Refused(
        "varies with the samples; give an array with one entry a sample for one of them.",
        TokenData.Arrays(8).Where(a => a.Entry == "target.npy"), data => data.WithConstant("tokens", 1).WithConstant("in/mask:0", 1).WithConstant("scale", 1));

    [TestMethod]
    public void A_constant_takes_the_sizes_of_axes_that_the_samples_have()
    {
        // The mask is [batch, length]: batches of 4, and the tokens' length 3.
        using var folder = new TemporaryFolder();
        var data = TokenData.Load(folder, [.. TokenData.Arrays(8).Where(a => a.Entry != "in_mask_0.npy"), TokenData.Scale(2)]).WithConstant("in/mask:0", 1);
        var forms = RunData.For(TinyModels.Tokens().Save(folder), data, new(), new Graphs.Losses.CrossEntropyLoss());

        CollectionAssert.AreEqual(new long[] { 4, 3 }, forms.InputShapes(4)["in/mask:0"].ToArray());
        using var batch = forms.Evaluation(data, 4).Evaluation().First();
        batch.Inputs["in/mask:0"].As<float>().ShouldHold(1f, 1f, 1f, 1f, 1f, 1f, 1f, 1f, 1f, 1f, 1f, 1f);
        batch.Inputs["scale"].As<float>().ShouldHold(2f);
    }

    [TestMethod]
    public void What_the_training_part_shares_serves_the_test_part_too()
    {
        using var folder = new TemporaryFolder();
        var split = NpzFiles.Load(folder.WriteZip("both.npz",
            [.. TokenData.Arrays(8), .. TokenData.Arrays(5).Select(a => ("test_" + a.Entry, a.Bytes)), TokenData.Scale(2)]));

        Assert.AreEqual((8, 5), (split.Train.Count, split.Test!.Count));
        Assert.AreEqual(new ArraySpec(ElementType.Float32), ((SharedArray)split.Test.Find("scale")!).Spec);
        Assert.IsInstanceOfType<SampledArray>(split.Test.Find("tokens"));
    }

    private static T[] All<T>(IDataset data, string array)
        where T : unmanaged
    {
        var samples = (SampledArray)data.Find(array)!;
        var bytes = new byte[data.Count * samples.Spec.ByteCount];
        for (var i = 0; i < data.Count; i++)
            samples.Read(i, bytes.AsSpan(i * samples.Spec.ByteCount, samples.Spec.ByteCount));
        return bytes.As<T>();
    }

    private static void Refused(string message, IEnumerable<(string, byte[])> arrays, Func<IDataset, IDataset>? more = null)
    {
        using var folder = new TemporaryFolder();
        var data = TokenData.Load(folder, arrays);
        var error = Assert.ThrowsExactly<DataException>(() => Trainer.Start(
            TinyModels.Tokens().Save(folder), Path.Combine(folder.Path, "run"), new(more is null ? data : more(data), null), Options));
        Assert.Contains(message, error.Message);
        Assert.IsFalse(Directory.Exists(Path.Combine(folder.Path, "run")));
    }
}
