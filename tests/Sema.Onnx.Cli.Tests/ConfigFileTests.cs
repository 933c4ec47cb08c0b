using System.Text.Json.Nodes;

namespace Sema.Onnx.Cli;

[TestClass]
public sealed class ConfigFileTests
{
    [TestMethod]
    public void Flags_win_over_the_file_and_the_file_over_defaults()
    {
        using var sample = new Sample();
        var config = sample.Write("options.json", """{"epochs": 2, "batch-size": 16, "optimizer": "sgd", "freeze": ["fc1.weight", "fc1.bias"], "mean": [0.5], "no-decay-on-vectors": true, "patience": null}""");

        Cli.Run("train", sample.Model, "--data", sample.Data, "--out", sample.In("run"), "--config", config, "--epochs", "1").Succeeded();

        var used = Config(sample);
        Assert.AreEqual(1, (int)used["epochs"]!);
        Assert.AreEqual(16, (int)used["batch-size"]!);
        Assert.AreEqual("sgd", (string)used["optimizer"]!);
        Assert.AreEqual("""["fc1.weight","fc1.bias"]""", used["freeze"]!.ToJsonString());
        Assert.AreEqual(0.5, (double)used["mean"]![0]!);
        Assert.IsTrue((bool)used["no-decay-on-vectors"]!);
        Assert.AreEqual(2, (int)used["keep"]!);
    }

    [TestMethod]
    public void It_may_name_the_model_and_the_data()
    {
        using var sample = new Sample();
        var config = sample.Write("options.json", new JsonObject { ["model"] = sample.Model, ["data"] = sample.Data, ["json"] = true }.ToJsonString());

        Assert.AreEqual(Sample.TestSamples, Cli.Run("eval", "--config", config).Succeeded().Json.GetProperty("samples").GetInt32());
    }

    [TestMethod]
    public void The_options_of_a_run_begin_the_same_run_elsewhere()
    {
        using var sample = new Sample();
        Cli.Run("train", sample.Model, "--data", sample.Data, "--out", sample.In("run"), "--epochs", "2", "--seed", "3").Succeeded();
        Cli.Run("train", "--config", sample.In("run/config.json"), "--out", sample.In("again")).Succeeded();

        Assert.AreEqual(File.ReadAllText(sample.In("run/config.json")), File.ReadAllText(sample.In("again/config.json")));
        Cli.Run("export", sample.In("run"), sample.In("a.onnx")).Succeeded();
        Cli.Run("export", sample.In("again"), sample.In("b.onnx")).Succeeded();
        Assert.AreSequenceEqual(File.ReadAllBytes(sample.In("a.onnx")), File.ReadAllBytes(sample.In("b.onnx")));
    }

    [TestMethod]
    public void Everything_that_decides_the_bits_is_recorded()
    {
        using var sample = new Sample();
        Cli.Run("train", sample.Model, "--data", sample.Data, "--out", sample.In("run"), "--epochs", "1").Succeeded();

        var used = Config(sample);
        Assert.AreEqual(1e-4, (double)used["lr"]!);
        Assert.AreEqual(0.999, (double)used["ema-decay"]![0]!);
        Assert.AreEqual("rational", (string)used["ema-warmup"]!);
        Assert.AreEqual("1epochs", (string)used["switch-every"]!);
        Assert.AreEqual(sample.Model, (string)used["model"]!);
        Assert.AreEqual(sample.Data, (string)used["data"]!);
    }

    [TestMethod]
    [DataRow("""{"epoch": 3}""", "unknown option 'epoch'", "did you mean 'epochs'")]
    [DataRow("""{"epochs": "many"}""", "--epochs", "'many'")]
    [DataRow("""{"epochs": true}""", "'epochs'")]
    [DataRow("""{"epochs": {"a": 1}}""", "'epochs'")]
    [DataRow("""{"json": 1}""", "'json'")]
    [DataRow("[1]", "no JSON object")]
    [DataRow("{\"epochs\": ", "no JSON")]
    public void A_wrong_file_is_a_sentence(string content, params string[] says)
    {
        using var sample = new Sample();

        Cli.Run("train", sample.Model, "--data", sample.Data, "--out", sample.In("run"), "--config", sample.Write("options.json", content)).IsFailure(ExitCode.BadInput, says);
        Assert.IsFalse(Directory.Exists(sample.In("run")));
    }

    [TestMethod]
    public void A_file_that_is_not_there_is_named() => Cli.Run("eval", "m.onnx", "--config", "nowhere.json").IsFailure(ExitCode.BadInput, "nowhere.json");

    private static JsonObject Config(Sample sample) => JsonNode.Parse(File.ReadAllText(sample.In("run/config.json")))!.AsObject();
}
