using System.Text.Json;

namespace Sema.Onnx.Cli;

/// <summary>Groups, schedules, sharpness-aware steps and scaled decays, as a run has them.</summary>
[TestClass]
public sealed class TrainingVariantsTests
{
    [TestMethod]
    public void Groups_are_shown_by_inspect_and_by_artifacts()
    {
        using var sample = new Sample();
        string[] options = ["--group", "fc2.*:lr=10,weight-decay=0", "--layer-decay", "0.5"];

        var inspected = Cli.Run(["inspect", sample.Model, .. options, "--json"]).Succeeded().Json.GetProperty("groups").EnumerateArray().ToList();
        Assert.AreEqual("layer 1 0.5, layer 2 'fc2.*' 10", string.Join(", ", inspected.Select(g => $"{g.GetProperty("name")} {g.GetProperty("rateScale")}")));
        Assert.AreEqual(0, inspected[1].GetProperty("weightDecay").GetDouble());
        Assert.Contains("layer 2 'fc2.*'", Cli.Run(["inspect", sample.Model, .. options]).Succeeded().Output);

        var made = Cli.Run(["artifacts", sample.Model, sample.In("graphs"), .. options, "--weight-decay", "0.3", "--json"]).Succeeded().Json.GetProperty("groups").EnumerateArray();
        Assert.AreEqual("0.3, 0", string.Join(", ", made.Select(g => g.GetProperty("weight_decay"))));
        Assert.DoesNotContain("weight decay", Cli.Run("inspect", sample.Model).Succeeded().Output);
    }

    // 96 samples in batches of 8: 12 steps an epoch.
    [TestMethod]
    [DataRow("--schedule multi-step --milestones 1,2epochs", "0.01 0.01 0.001 0.001 0.0001")]
    [DataRow("--schedule exponential --step-every 6steps --step-factor 0.5", "0.01 0.005 0.0025 0.00125 0.000625")]
    [DataRow("--schedule cosine-restarts --restart-first 12steps", "0.01 0.005 0.01 0.005 0.01")]
    [DataRow("--schedule cyclical --cycle 1epochs --min-lr 0.002", "0.002 0.01 0.002 0.01 0.002")]
    [DataRow("--schedule polynomial --power 1", "0.01 0.008333 0.006667 0.005 0.003333")]
    [DataRow("--swa-start 2epochs --swa-lr 0.03 --swa-anneal 12steps --anneal linear", "0.01 0.01 0.01 0.02 0.03")]
    [DataRow("--swa-start 2epochs --swa-lr 0.05 --swa-cycle 2steps --swa-lr-low 0.01", "0.01 0.01 0.03 0.03 0.03")]
    public void A_schedule_counts_in_the_runs_epochs(string options, string rates)
    {
        using var sample = new Sample();
        Cli.Run(["train", sample.Model, "--data", sample.Data, "--out", sample.In("run"), "--lr", "0.01", "--batch-size", "8", .. options.Split(' ')]).Succeeded();
        double[] train = [.. File.ReadLines(Path.Combine(sample.In("run"), "metrics.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(e => e.GetProperty("split").GetString() == "train").Select(e => e.GetProperty("learning_rate").GetDouble())];
        Assert.AreEqual(rates, string.Join(' ', Enumerable.Range(0, 5).Select(k => FormattableString.Invariant($"{train[6 * k]:0.######}"))));
    }

    [TestMethod]
    public void A_sharpness_aware_run_in_groups_goes_on_as_it_began()
    {
        using var sample = new Sample();
        string[] options = ["--batch-size", "8", "--asam", "0.5", "--group", "fc2.*:lr=2", "--layer-decay", "0.9", "--schedule", "cosine-restarts"];
        Cli.Run(["train", sample.Model, "--data", sample.Data, "--out", sample.In("whole"), "--epochs", "2", .. options]).Succeeded();
        Cli.Run(["train", sample.Model, "--data", sample.Data, "--out", sample.In("run"), "--epochs", "1", .. options]).Succeeded();
        Cli.Run("train", "--resume", sample.In("run"), "--epochs", "2").Succeeded();
        foreach (var folder in new[] { "whole", "run" })
            Cli.Run("export", sample.In(folder), sample.In($"{folder}.onnx"), "--json").Succeeded();
        CollectionAssert.AreEqual(File.ReadAllBytes(sample.In("whole.onnx")), File.ReadAllBytes(sample.In("run.onnx")));
        Cli.Run("train", "--resume", sample.In("run"), "--sam", "0.1").IsFailure(ExitCode.BadInput, "--sam");
    }

    [TestMethod]
    public void Recomputing_is_recorded_and_changes_no_bit()
    {
        using var sample = new Sample();
        string[] options = ["--epochs", "1", "--batch-size", "8"];
        Cli.Run(["train", sample.Model, "--data", sample.Data, "--out", sample.In("kept"), .. options]).Succeeded();
        Cli.Run(["train", sample.Model, "--data", sample.Data, "--out", sample.In("again"), .. options, "--recompute"]).Succeeded();
        Cli.Run("artifacts", sample.Model, sample.In("graphs"), "--recompute").Succeeded();

        CollectionAssert.AreEqual(Exported("kept"), Exported("again"));
        Assert.IsFalse(Recorded("kept/artifacts"));
        Assert.IsTrue(Recorded("again/artifacts"));
        Assert.IsTrue(Recorded("graphs"));
        Cli.Run("train", "--resume", sample.In("kept"), "--recompute").IsFailure(ExitCode.BadInput, "--recompute");

        bool Recorded(string folder) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(sample.In(folder), "manifest.json"))).RootElement.GetProperty("recompute").GetBoolean();
        byte[] Exported(string run)
        {
            Cli.Run("export", sample.In(run), sample.In($"{run}.onnx"), "--json").Succeeded();
            return File.ReadAllBytes(sample.In($"{run}.onnx"));
        }
    }

    [TestMethod]
    public void A_decay_that_is_scaled_is_said()
    {
        using var sample = new Sample();
        var run = Cli.Run("train", sample.Model, "--data", sample.Data, "--out", sample.In("run"), "--epochs", "1", "--batch-size", "8", "--accumulate", "2",
            "--average", "ema", "--ema-decay", "0.81", "--ema-reference-batch", "32").Succeeded();
        Assert.Contains("EMA decay for steps of 16 instead of 32 samples: 0.81 -> 0.9\n", run.Output);
        var step = JsonDocument.Parse(File.ReadLines(Path.Combine(sample.In("run"), "metrics.jsonl")).First(l => l.Contains("\"train\"", StringComparison.Ordinal))).RootElement;
        Assert.AreEqual(0.9, step.GetProperty("decay").GetDouble(), 1e-12);
    }
}
