namespace Sema.Onnx.Cli;

/// <summary>What is measured, how often, and on what labels.</summary>
[TestClass]
public sealed class MeasuresTests
{
    [TestMethod]
    public void An_evaluation_says_how_good_the_probabilities_are()
    {
        using var sample = new Sample();
        var json = Cli.Run("eval", sample.Model, "--data", sample.Data, "--top-k", "2", "--json").Succeeded().Json;
        Assert.AreEqual(json.GetProperty("loss").GetDouble(), json.GetProperty("nll").GetDouble(), 1e-6);
        Assert.IsInRange(json.GetProperty("accuracy").GetDouble(), 1, json.GetProperty("top2_accuracy").GetDouble());
        Assert.IsInRange(0, 1, json.GetProperty("ece").GetDouble());
        var text = Cli.Run("eval", sample.Model, "--data", sample.Data, "--top-k", "2").Succeeded().Output;
        foreach (var name in new[] { "accuracy", "top 2", "nll", "ece" })
            Assert.MatchesRegex($@"(?m)^{name} +\d+\.\d+", text);
        Assert.IsFalse(Cli.Run("eval", sample.Model, "--data", sample.Data, "--json").Succeeded().Json.TryGetProperty("top5_accuracy", out _), "the model has 3 classes");
    }

    [TestMethod]
    public void A_run_says_when_each_kind_of_weights_had_the_accuracy_aimed_at_and_keeps_its_options()
    {
        using var sample = new Sample();
        string[] options = ["--data", sample.Data, "--lr", "0.01", "--batch-size", "8", "--evaluate-every", "4steps", "--target-accuracy", "0.4", "--label-noise", "0.1"];
        var whole = Cli.Run(["train", sample.Model, "--out", sample.In("whole"), .. options, "--json"]).Succeeded().Json;
        Assert.AreEqual(0, whole.GetProperty("reached").GetProperty("online").GetInt32() % 4);
        var evaluations = File.ReadLines(sample.In("whole/metrics.jsonl")).Count(l => l.Contains("eval/online", StringComparison.Ordinal));
        Assert.AreEqual(1 + (36 / 4), evaluations, "before the first step and after every fourth of 36");

        Cli.Run(["train", sample.Model, "--out", sample.In("run"), .. options, "--epochs", "1"]).Succeeded();
        var resumed = Cli.Run("train", "--resume", sample.In("run"), "--epochs", "3", "--json").Succeeded().Json;
        Assert.AreEqual(whole.GetProperty("final").ToString(), resumed.GetProperty("final").ToString());
        Assert.AreEqual(whole.GetProperty("reached").ToString(), resumed.GetProperty("reached").ToString());
        Assert.Contains("40.00 % at step", Cli.Run("train", "--resume", sample.In("run")).Succeeded().Output);
        Cli.Run("train", "--resume", sample.In("run"), "--label-noise", "0.2").IsFailure(ExitCode.BadInput, "--label-noise", "0.1");
    }

    [TestMethod]
    [DataRow("--label-noise", "1.5", "[0, 1]")]
    [DataRow("--target-accuracy", "0", "above 0")]
    [DataRow("--evaluate-every", "0", "no interval")]
    [DataRow("--top-k", "0", "at least 1")]
    [DataRow("--average-statistics", "none", "recompute, average or copy")]
    public void A_value_out_of_range_is_refused(string option, string value, string says)
    {
        using var sample = new Sample();
        Cli.Run("train", sample.Model, "--data", sample.Data, "--out", sample.In("run"), option, value).IsFailure(ExitCode.BadInput, option, says);
        Assert.IsFalse(Directory.Exists(sample.In("run")));
    }
}
