using System.Text.Json.Nodes;

namespace Sema.Onnx.Cli;

/// <summary>--average and what belongs to it.</summary>
[TestClass]
public sealed class AveragingTests
{
    [TestMethod]
    [DataRow("none", "online")]
    [DataRow("ema", "online ema")]
    [DataRow("ema --ema-decay 0.9,0.99 --ema-warmup linear:0.5:3 --ema-update-every 2", "online ema-0.9 ema-0.99")]
    [DataRow("sema --switch-every 2steps --switch-start 2 --switch-end 4 --switch-keep 0.5", "online ema")]
    [DataRow("swa --swa-start 2 --swa-every 1", "online swa")]
    [DataRow("swa --swa-start 2steps --swa-every 2", "online swa")]
    [DataRow("pswa --swa-period 1", "online pswa")]
    [DataRow("dswa --swa-period 1", "online dswa")]
    [DataRow("tswa --swa-period 2steps", "", "--swa-period")]
    [DataRow("tswa --swa-period 2 --swa-start 1steps", "online tswa")]
    [DataRow("lawa --lawa-last 2", "online lawa")]
    [DataRow("lawa --lawa-every 2steps", "online lawa")]
    [DataRow("lookahead --lookahead-every 2 --lookahead-alpha 0.8", "online lookahead")]
    [DataRow("polyak", "online polyak")]
    [DataRow("posthoc --posthoc-widths 0.1,0.2 --posthoc-every 2steps", "online power-0.1 power-0.2")]
    [DataRow("ema,swa,lawa,polyak,posthoc", "online ema swa lawa polyak power-0.05 power-0.1")]
    [DataRow("lookahead,ema", "online lookahead ema")]
    public void Every_kind_trains_and_is_evaluated_under_its_names(string average, string names, params string[] refusal)
    {
        using var sample = new Sample();

        var outcome = Train(sample, $"--average {average} --json");

        if (refusal.Length > 0)
        {
            outcome.IsFailure(ExitCode.BadInput, refusal);
            return;
        }

        var final = outcome.Succeeded().Json.GetProperty("final").EnumerateObject().Select(p => p.Name);
        Assert.AreEqual(names, string.Join(' ', final));
        foreach (var name in names.Split(' '))
            Cli.Run("export", sample.In("run"), sample.In("out.onnx"), "--weights", name).Succeeded();
    }

    [TestMethod]
    [DataRow("mean", "--average", "'mean'", "none, ema, sema, swa")]
    [DataRow("ema,none", "'none' stands alone")]
    [DataRow("ema,sema", "'ema'")]
    [DataRow("ema,ema", "'ema'")]
    [DataRow("sema,lookahead", "move the weights")]
    [DataRow("pswa,dswa --swa-period 2", "move the weights")]
    [DataRow("swa,", "''")]
    [DataRow("pswa", "--swa-period")]
    [DataRow("swa --swa-start 0", "--swa-start")]
    [DataRow("swa --swa-start soon", "--swa-start", "'soon'")]
    [DataRow("swa --swa-every 0", "--swa-every", "at least 1")]
    [DataRow("pswa --swa-period 0", "--swa-period", "at least 1")]
    [DataRow("lawa --lawa-last 0", "--lawa-last", "at least 1")]
    [DataRow("lawa --lawa-every 0steps", "--lawa-every")]
    [DataRow("lookahead --lookahead-alpha 0", "--lookahead-alpha", "(0, 1]")]
    [DataRow("lookahead --lookahead-alpha 1.5", "--lookahead-alpha", "(0, 1]")]
    [DataRow("lookahead --lookahead-every 0", "--lookahead-every", "at least 1")]
    [DataRow("posthoc --posthoc-widths 0.3", "--posthoc-widths", "(0, 0.2886]")]
    [DataRow("posthoc --posthoc-widths 0.1,0.1", "--posthoc-widths", "once")]
    [DataRow("posthoc --posthoc-widths wide", "--posthoc-widths", "'wide'")]
    [DataRow("posthoc --posthoc-every 2weeks", "--posthoc-every", "'2weeks'")]
    public void What_does_not_go_is_a_sentence_and_leaves_no_folder(string average, params string[] says)
    {
        using var sample = new Sample();

        Train(sample, $"--average {average}").IsFailure(ExitCode.BadInput, says);

        Assert.IsFalse(Directory.Exists(sample.In("run")));
    }

    [TestMethod]
    public void An_average_of_any_width_is_made_of_the_records()
    {
        using var sample = new Sample();
        Train(sample, "--average posthoc --posthoc-every 1steps").Succeeded();

        Cli.Run("export", sample.In("run"), sample.In("a.onnx"), "--weights", "posthoc:0.15").Succeeded();

        Assert.IsTrue(File.Exists(sample.In("a.onnx")));
        Cli.Run("export", sample.In("run"), sample.In("b.onnx"), "--weights", "posthoc:0.5").IsFailure(ExitCode.BadInput, "0.2886");
        Cli.Run("export", sample.In("run"), sample.In("b.onnx"), "--weights", "posthoc:wide").IsFailure(ExitCode.BadInput, "'posthoc:wide'");
        Cli.Run("export", sample.In("run"), sample.In("b.onnx"), "--weights", "swa").IsFailure(ExitCode.BadInput, "'power-0.05'");
        Cli.Run("export", sample.In("run"), sample.In("b.onnx"), "--weights", "power-0.1", "--average-statistics", "copy").IsFailure(ExitCode.BadInput, "posthoc:WIDTH");
        Cli.Run("export", sample.In("run"), sample.In("b.onnx"), "--weights", "posthoc:0.1", "--average-statistics", "none").IsFailure(ExitCode.BadInput, "'none'");
    }

    [TestMethod]
    public void An_average_made_after_the_run_gets_its_statistics_as_the_run_says_or_as_asked()
    {
        using var sample = new Sample();
        Cli.Run("train", sample.Normalized(), "--data", sample.Data, "--out", sample.In("run"), "--epochs", "2", "--batch-norm", "train", "--average", "posthoc").Succeeded();

        var recomputed = Export("--average-statistics", "recompute");
        var (averaged, copied) = (Export("--average-statistics", "average"), Export("--average-statistics", "copy"));
        Assert.AreSequenceEqual(recomputed, Export());
        Assert.AreSequenceEqual(recomputed, Export("--data", "npz:" + sample.In("data/test.npz")), "the run's data, not the proof's");
        Assert.IsFalse(recomputed.SequenceEqual(averaged) || averaged.SequenceEqual(copied) || copied.SequenceEqual(recomputed));

        Directory.Delete(sample.In("data"), recursive: true);
        Assert.AreSequenceEqual(averaged, Export());
        StringAssert.Contains(Cli.Run(Arguments()).Succeeded().Output, "statistics are averaged", StringComparison.Ordinal);
        Cli.Run(Arguments("--average-statistics", "recompute")).IsFailure(ExitCode.BadInput, "data");

        string[] Arguments(params string[] more) => ["export", sample.In("run"), sample.In("a.onnx"), "--weights", "posthoc:0.15", .. more];

        byte[] Export(params string[] more)
        {
            Cli.Run(Arguments(more)).Succeeded();
            return File.ReadAllBytes(sample.In("a.onnx"));
        }
    }

    [TestMethod]
    public void A_list_of_kinds_goes_into_the_configuration_and_back()
    {
        using var sample = new Sample();
        Train(sample, "--average ema,swa,lawa --lawa-last 2 --ema-decay 0.9,0.99").Succeeded();
        var config = JsonNode.Parse(File.ReadAllText(sample.In("run/config.json")))!;
        Assert.AreEqual("""["ema","swa","lawa"]""", config["average"]!.ToJsonString());
        Assert.AreEqual("[0.9,0.99]", config["ema-decay"]!.ToJsonString());

        Cli.Run("train", "--config", sample.In("run/config.json"), "--out", sample.In("again")).Succeeded();

        Assert.AreEqual(File.ReadAllText(sample.In("run/config.json")), File.ReadAllText(sample.In("again/config.json")));
        foreach (var weights in new[] { "ema-0.99", "swa", "lawa" })
        {
            Cli.Run("export", sample.In("run"), sample.In("a.onnx"), "--weights", weights).Succeeded();
            Cli.Run("export", sample.In("again"), sample.In("b.onnx"), "--weights", weights).Succeeded();
            Assert.AreSequenceEqual(File.ReadAllBytes(sample.In("a.onnx")), File.ReadAllBytes(sample.In("b.onnx")));
        }
    }

    [TestMethod]
    [DataRow("\"ema,polyak\"", DisplayName = "one text")]
    [DataRow("[\"ema\", \"polyak\"]", DisplayName = "a list")]
    public void A_configuration_may_hold_kinds_as_a_list_or_a_text(string kinds)
    {
        using var sample = new Sample();
        var config = sample.Write("options.json", $$"""{"average": {{kinds}}, "epochs": 1, "json": true}""");

        var final = Cli.Run("train", sample.Model, "--data", sample.Data, "--out", sample.In("run"), "--config", config).Succeeded().Json.GetProperty("final");

        Assert.AreEqual("online ema polyak", string.Join(' ', final.EnumerateObject().Select(p => p.Name)));
    }

    // 96 samples in batches of 32: 3 steps an epoch.
    private static Outcome Train(Sample sample, string options) =>
        Cli.Run(["train", sample.Model, "--data", sample.Data, "--out", sample.In("run"), "--epochs", "2", .. options.Split(' ')]);
}
