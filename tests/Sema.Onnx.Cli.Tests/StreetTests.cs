using System.Text.Json;

namespace Sema.Onnx.Cli;

/// <summary>The way from a model to a better one: inspect, artifacts, train, resume, export, eval.</summary>
[TestClass]
public sealed class StreetTests
{
    private static readonly string[] Names = ["averaged", "ema-0.5", "ema-0.9", "online"];

    [TestMethod]
    public void A_model_is_trained_exported_and_evaluated()
    {
        using var sample = new Sample();

        var before = Cli.Run("eval", sample.Model, "--data", sample.Data, "--json").Succeeded().Json;
        var trained = Cli.Run("train", sample.Model, "--data", sample.Data, "--out", sample.In("run"), "--lr", "0.01", "--batch-size", "8", "--json").Succeeded().Json;
        var exported = Cli.Run("export", sample.In("run"), sample.In("tuned.onnx"), "--json").Succeeded().Json;
        var after = Cli.Run("eval", sample.In("tuned.onnx"), "--data", sample.Data, "--json").Succeeded().Json;

        Assert.AreEqual(before.GetProperty("loss").GetDouble(), trained.GetProperty("start").GetProperty("loss").GetDouble(), 1e-5);
        var best = trained.GetProperty("best");
        Assert.AreEqual(best.GetProperty("loss").GetDouble(), after.GetProperty("loss").GetDouble(), 1e-5);
        Assert.AreEqual(best.GetProperty("accuracy").GetDouble(), after.GetProperty("accuracy").GetDouble());
        Assert.IsLessThan(before.GetProperty("loss").GetDouble(), after.GetProperty("loss").GetDouble());
        Assert.AreEqual(Sample.TestSamples, after.GetProperty("samples").GetInt32());
        Assert.AreEqual("completed", trained.GetProperty("ended").GetString());
        Assert.AreEqual(36, trained.GetProperty("steps").GetInt32());   // 3 epochs of 96 / 8
        Assert.AreEqual("ema", exported.GetProperty("weights").GetString());
        Assert.AreEqual("data", exported.GetProperty("proofInput").GetString());
        Assert.AreEqual("best", exported.GetProperty("checkpoint").GetString());
    }

    [TestMethod]
    public void A_model_of_several_inputs_goes_the_same_way()
    {
        using var sample = new Sample();
        var (model, data) = sample.TwoInputs();
        string[] options = ["--data", data, "--input", "rate=2"];

        Assert.IsTrue(Cli.Run("inspect", model, "--json").Succeeded().Json.GetProperty("trainable").GetBoolean());
        var before = Cli.Run(["eval", model, .. options, "--json"]).Succeeded().Json;
        Cli.Run(["train", model, .. options, "--out", sample.In("run"), "--epochs", "1", "--lr", "0.01", "--batch-size", "8", "--json"]).Succeeded();
        var trained = Cli.Run("train", "--resume", sample.In("run"), "--epochs", "3", "--json").Succeeded().Json;
        Cli.Run(["train", model, .. options, "--out", sample.In("whole"), "--lr", "0.01", "--batch-size", "8", "--json"]).Succeeded();
        var exported = Cli.Run("export", sample.In("run"), sample.In("tuned.onnx"), "--json").Succeeded().Json;
        Cli.Run("export", sample.In("whole"), sample.In("tuned2.onnx"), "--json").Succeeded();
        var after = Cli.Run(["eval", sample.In("tuned.onnx"), .. options, "--json"]).Succeeded().Json;

        CollectionAssert.AreEqual(File.ReadAllBytes(sample.In("tuned2.onnx")), File.ReadAllBytes(sample.In("tuned.onnx")), "a resumed run ends as one that never stopped");
        Assert.AreEqual("data", exported.GetProperty("proofInput").GetString());
        Assert.AreEqual(trained.GetProperty("best").GetProperty("loss").GetDouble(), after.GetProperty("loss").GetDouble(), 1e-5);
        Assert.IsLessThan(before.GetProperty("loss").GetDouble(), after.GetProperty("loss").GetDouble());
        Cli.Run(["artifacts", model, sample.In("graphs"), .. options, "--json"]).Succeeded();
        Cli.Run("artifacts", model, sample.In("graphs2"), "--input-shape", $"a={Sample.Features}", "--json").Succeeded();
    }

    [TestMethod]
    [DataRow("rate", "--input: 'rate' names no input and number; write NAME=VALUE, such as sr=16000.")]
    [DataRow("rate=fast", "--input rate=fast: 'fast' is no number, such as 16000 or 0.5.")]
    [DataRow("speed=2", "--input speed=...: the model has no input 'speed'; it has 'a' float32 [batch, 6], 'part/b:0' float32 [batch, 6], 'rate' int64 [].")]
    [DataRow("rate=0.5", "--input rate=0.5: the value 0.5")]
    [DataRow("a=1", "The data hold no array for the model's input 'rate' int64 []; they hold 'a', 'part_b_0', 'target'.")]
    public void A_constant_input_that_is_wrong_is_one_sentence(string input, string says)
    {
        using var sample = new Sample();
        var (model, data) = sample.TwoInputs();
        Cli.Run("train", model, "--data", data, "--input", input, "--out", sample.In("run")).IsFailure(ExitCode.BadInput, says);
        Cli.Run("eval", model, "--data", data, "--input", input).IsFailure(ExitCode.BadInput, says);
        Assert.IsFalse(Directory.Exists(sample.In("run")));
    }

    [TestMethod]
    public void A_person_sees_a_line_an_epoch_a_table_and_what_comes_next()
    {
        using var sample = new Sample();

        var lines = Cli.Run("train", sample.Model, "--data", sample.Data, "--out", sample.In("run"), "--epochs", "2", "--average", "ema").Succeeded().Output.Split('\n');

        Assert.MatchesRegex(@"^start      eval online \d+\.\d\d %$", lines[0]);
        Assert.MatchesRegex(@"^epoch 1/2  loss \d\.\d{4}  acc \d+\.\d %  \| eval online \d+\.\d\d %  ema \d+\.\d\d %  \| [\d,]+ samples/s  \| \d+:\d\d left$", lines[1]);
        Assert.MatchesRegex(@"^epoch 2/2 .* samples/s$", lines[2]);
        foreach (var row in new[] { "  start ", "  online ", "  ema ", "  best (epoch " })
            Assert.IsTrue(lines.Any(l => l.StartsWith(row, StringComparison.Ordinal)), row);
        Assert.AreEqual($"Next: sema export {sample.In("run")} tuned.onnx", lines[^2]);
    }

    [TestMethod]
    public void A_resumed_run_ends_as_one_that_never_stopped()
    {
        using var sample = new Sample();
        string[] options = ["--data", sample.Data, "--batch-size", "8", "--lr", "0.01", "--average", "sema", "--switch-every", "5steps"];
        Cli.Run(["train", sample.Model, .. options, "--epochs", "4", "--out", sample.In("whole")]).Succeeded();
        Cli.Run(["train", sample.Model, .. options, "--epochs", "1", "--out", sample.In("parts")]).Succeeded();

        Cli.Run("train", "--resume", sample.In("parts"), "--epochs", "3").Succeeded();
        var end = Cli.Run("train", "--resume", sample.In("parts"), "--epochs", "4", "--json").Succeeded().Json;

        Assert.AreEqual(48, end.GetProperty("step").GetInt32());
        Assert.AreSequenceEqual(Exported(sample, "whole"), Exported(sample, "parts"));
    }

    [TestMethod]
    public void A_complete_run_that_is_resumed_stays_as_it_is()
    {
        using var sample = new Sample();
        Cli.Run("train", sample.Model, "--data", sample.Data, "--epochs", "2", "--out", sample.In("run")).Succeeded();
        var before = Exported(sample, "run");

        Assert.Contains("complete already", Cli.Run("train", "--resume", sample.In("run"), "--epochs", "1").Succeeded().Output);

        Assert.AreSequenceEqual(before, Exported(sample, "run"));
    }

    [TestMethod]
    [DataRow("--lr 0.5", "--lr", "0.0001")]
    [DataRow("--average none", "--average", "sema")]
    [DataRow("--seed 1", "--seed")]
    [DataRow("--freeze fc1*", "--freeze", "none")]
    [DataRow("--out other", "--out")]
    [DataRow("other.onnx", "other.onnx")]
    public void A_resumed_run_keeps_what_decides_its_bits(string change, params string[] says)
    {
        using var sample = new Sample();
        Cli.Run("train", sample.Model, "--data", sample.Data, "--epochs", "1", "--out", sample.In("run")).Succeeded();

        Cli.Run(["train", "--resume", sample.In("run"), .. change.Split(' ')]).IsFailure(ExitCode.BadInput, says);
    }

    [TestMethod]
    public void Repeating_what_the_run_began_with_is_no_change()
    {
        using var sample = new Sample();
        Cli.Run("train", sample.Model, "--data", sample.Data, "--epochs", "1", "--out", sample.In("run")).Succeeded();

        Cli.Run("train", "--resume", sample.In("run"), "--lr", "0.0001", "--data", sample.Data, "--epochs", "2").Succeeded();
    }

    [TestMethod]
    public void Weights_and_checkpoint_are_chosen_by_name()
    {
        using var sample = new Sample();
        Cli.Run("train", sample.Model, "--data", sample.Data, "--out", sample.In("run"), "--average", "ema", "--ema-decay", "0.5,0.9", "--epochs", "2").Succeeded();

        var files = Names.ToDictionary(w => w, w =>
        {
            Cli.Run("export", sample.In("run"), sample.In(w + ".onnx"), "--weights", w, "--checkpoint", "last").Succeeded();
            return File.ReadAllBytes(sample.In(w + ".onnx"));
        });

        Assert.AreSequenceEqual(files["averaged"], files["ema-0.5"]);
        Assert.AreNotSequenceEqual(files["ema-0.5"], files["ema-0.9"]);
        Assert.AreNotSequenceEqual(files["ema-0.5"], files["online"]);
        Cli.Run("export", sample.In("run"), sample.In("x.onnx"), "--weights", "swa").IsFailure(ExitCode.BadInput, "'swa'", "'ema-0.9'");
        Cli.Run("export", sample.In("run"), sample.In("x.onnx"), "--checkpoint", "step-7").IsFailure(ExitCode.BadInput, "step-7");
        Assert.IsFalse(File.Exists(sample.In("x.onnx")));
    }

    [TestMethod]
    public void Shadow_weights_stand_beside_the_models_own()
    {
        using var sample = new Sample();
        Cli.Run("train", sample.Model, "--data", sample.Data, "--out", sample.In("run"), "--average", "ema", "--epochs", "1").Succeeded();

        var json = Cli.Run("export", sample.In("run"), sample.In("both.onnx"), "--with-shadow", "--json").Succeeded().Json;

        Assert.AreEqual(4, json.GetProperty("addedTensors").GetInt32());
    }

    [TestMethod]
    public void A_checkpoint_that_was_damaged_is_not_exported()
    {
        using var sample = new Sample();
        Cli.Run("train", sample.Model, "--data", sample.Data, "--out", sample.In("run"), "--epochs", "1").Succeeded();
        var tensors = Directory.GetFiles(sample.In("run/checkpoints/best"), "*.safetensors").Single();
        var bytes = File.ReadAllBytes(tensors);
        bytes[^5] ^= 1;
        File.WriteAllBytes(tensors, bytes);

        Cli.Run("export", sample.In("run"), sample.In("out.onnx"), "--json").IsFailure(ExitCode.BadInput, "best");
        Assert.IsFalse(File.Exists(sample.In("out.onnx")));
    }

    [TestMethod]
    public void Data_that_have_gone_leave_a_proof_on_noise()
    {
        using var sample = new Sample();
        Cli.Run("train", sample.Model, "--data", sample.Data, "--out", sample.In("run"), "--epochs", "1").Succeeded();
        Directory.Move(sample.In("data"), sample.In("elsewhere"));

        Assert.Contains("noise", Cli.Run("export", sample.In("run"), sample.In("a.onnx")).Succeeded().Output);
        var json = Cli.Run("export", sample.In("run"), sample.In("b.onnx"), "--data", "npz:" + sample.In("elsewhere"), "--json").Succeeded().Json;
        Assert.AreEqual("data", json.GetProperty("proofInput").GetString());
    }

    [TestMethod]
    public void Inspect_says_what_can_be_trained()
    {
        using var sample = new Sample();

        var json = Cli.Run("inspect", sample.Model, "--json").Succeeded().Json;
        var text = Cli.Run("inspect", sample.Model, "--freeze", "fc1*").Succeeded().Output;

        Assert.AreEqual(JsonValueKind.True, json.GetProperty("trainable").ValueKind);
        Assert.Contains("  MatMul ", text);
        Assert.Contains("named by --freeze: fc1.weight, fc1.bias", text);
        Assert.Contains("Nothing stops training", text);
    }

    [TestMethod]
    public void Artifacts_are_written_for_a_batch_size()
    {
        using var sample = new Sample();

        var json = Cli.Run("artifacts", sample.Model, sample.In("graphs"), "--batch-size", "4", "--average", "ema", "--ema-decay", "0.9,0.99", "--json").Succeeded().Json;

        Assert.AreEqual(4, json.GetProperty("parameters").GetInt32());
        Assert.AreEqual((Sample.Features * Sample.Hidden) + Sample.Hidden + (Sample.Hidden * Sample.Classes) + Sample.Classes, json.GetProperty("elements").GetInt32());
        foreach (var file in new[] { "training.onnx", "eval.onnx", "update.onnx", "weights.bin", "manifest.json" })
            Assert.AreEqual(new FileInfo(sample.In("graphs/" + file)).Length, json.GetProperty("files").GetProperty(file).GetInt64());
        Cli.Run("artifacts", sample.Model, sample.In("other"), "--input-shape", "6").Succeeded();
        Cli.Run("artifacts", sample.Model, sample.In("third"), "--data", sample.Data).Succeeded();
        Cli.Run("artifacts", sample.Model, sample.In("wrong"), "--input-shape", "6,x").IsFailure(ExitCode.BadInput, "--input-shape", "'x'");
        Cli.Run("artifacts", sample.Model, sample.In("wrong"), "--input-shape", "7").IsFailure(ExitCode.BadInput, "[32, 7]");
        Assert.IsFalse(Directory.Exists(sample.In("wrong")));
    }

    [TestMethod]
    public void Training_without_test_data_says_so()
    {
        using var sample = new Sample();

        var outcome = Cli.Run("train", sample.Model, "--data", "npz:" + sample.In("data/train.npz"), "--epochs", "1", "--out", sample.In("run")).Succeeded();

        Assert.Contains("--eval-data", outcome.Output);
        Cli.Run("export", sample.In("run"), sample.In("tuned.onnx")).Succeeded();
    }

    private static byte[] Exported(Sample sample, string run)
    {
        Cli.Run("export", sample.In(run), sample.In(run + ".onnx"), "--checkpoint", "last").Succeeded();
        return File.ReadAllBytes(sample.In(run + ".onnx"));
    }
}
