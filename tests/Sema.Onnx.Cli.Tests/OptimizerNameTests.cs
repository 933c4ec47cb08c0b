using System.Text.Json.Nodes;
using Sema.Onnx.Cli.Options;

namespace Sema.Onnx.Cli;

[TestClass]
public sealed class OptimizerNameTests
{
    public static IEnumerable<object[]> Names => OptimizerOptions.Names.Select(n => new object[] { n });

    [TestMethod, DynamicData(nameof(Names))]
    public void Every_name_trains_and_exports(string name)
    {
        using var sample = new Sample();
        Cli.Run("train", sample.Model, "--data", sample.Data, "--out", sample.In("run"), "--steps", "3", "--optimizer", name).Succeeded();
        Cli.Run("export", sample.In("run"), sample.In("tuned.onnx")).Succeeded();
        var config = JsonNode.Parse(File.ReadAllText(sample.In("run/config.json")))!;
        Assert.IsGreaterThan(0.0, (double)config["lr"]!, "the learning rate in effect is recorded");
    }

    [TestMethod]
    public void Every_optimizer_of_the_library_has_a_name_and_they_differ()
    {
        var made = OptimizerOptions.Names.Select(name =>
        {
            var options = new OptimizerOptions();
            var command = new System.CommandLine.Command("test");
            foreach (var option in options.Options)
                command.Options.Add(option);
            return options.Bind(command.Parse(["--optimizer", name]));
        }).ToList();
        Assert.HasCount(made.Count, made.Distinct().ToList());
        CollectionAssert.AreEquivalent(
            typeof(Graphs.Optimizers.Optimizer).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(Graphs.Optimizers.Optimizer))).ToList(),
            made.Select(o => o.GetType()).Distinct().ToList());
    }

    [TestMethod]
    public void A_schedule_free_optimizer_keeps_its_average_alone_unless_another_is_asked_for()
    {
        using var sample = new Sample();
        Cli.Run("train", sample.Model, "--data", sample.Data, "--out", sample.In("run"), "--steps", "3", "--optimizer", "schedule-free-adamw", "--beta1", "0.8").Succeeded();
        var config = JsonNode.Parse(File.ReadAllText(sample.In("run/config.json")))!;
        Assert.AreEqual("""["none"]""", config["average"]!.ToJsonString());
        Assert.AreEqual(0.8, (double)config["beta1"]!);
        Cli.Run("train", "--config", sample.In("run/config.json"), "--out", sample.In("again")).Succeeded();
        Assert.AreEqual(File.ReadAllText(sample.In("run/config.json")), File.ReadAllText(sample.In("again/config.json")));
        Cli.Run("train", "--resume", sample.In("run"), "--steps", "4").Succeeded();
        Cli.Run("export", sample.In("run"), sample.In("x.onnx"), "--weights", "schedule-free").Succeeded();
    }
}
