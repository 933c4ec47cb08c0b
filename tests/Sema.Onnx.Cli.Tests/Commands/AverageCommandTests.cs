using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Serialization;

namespace Sema.Onnx.Cli.Commands;

[TestClass]
public sealed class AverageCommandTests
{
    [TestMethod]
    public void Two_models_become_their_mean()
    {
        using var sample = new Sample();
        var (a, b) = (sample.Model, Other(sample, 1));

        var outcome = Cli.Run("average", a, b, "--out", sample.In("mean.onnx")).Succeeded();

        Assert.Contains("average   model.onnx + 1.onnx", outcome.Output);
        Assert.Contains("changed   4 tensors", outcome.Output);
        var mean = Weights(a).Zip(Weights(b), (x, y) => (float)(((double)x + y) / 2)).ToArray();
        Assert.AreSequenceEqual(mean, Weights(sample.In("mean.onnx")));
    }

    [TestMethod]
    public void Points_between_two_models_are_listed_and_the_best_is_written()
    {
        using var sample = new Sample();
        var tuned = Trained(sample);

        var outcome = Cli.Run("average", sample.Model, tuned, "--out", sample.In("best.onnx"), "--alpha", "0,0.25,1", "--data", sample.Data, "--json").Succeeded().Json;

        var trials = outcome.GetProperty("trials").EnumerateArray().ToList();
        Assert.HasCount(3, trials);
        Assert.AreEqual(trials.Max(t => t.GetProperty("accuracy").GetDouble()), outcome.GetProperty("result").GetProperty("accuracy").GetDouble());
        var evaluated = Cli.Run("eval", sample.In("best.onnx"), "--data", sample.Data, "--json").Succeeded().Json;
        Assert.AreEqual(outcome.GetProperty("result").ToString(), evaluated.ToString());

        var table = Cli.Run("average", sample.Model, tuned, "--out", sample.In("best.onnx"), "--alpha", "0,0.25,1", "--data", sample.Data).Succeeded().Output;
        Assert.Contains("0.75 model.onnx + 0.25 tuned.onnx", table);
        Assert.AreEqual(1, table.Split("written").Length - 1);
    }

    [TestMethod]
    public void A_greedy_soup_of_models_and_a_run_is_no_worse_than_each()
    {
        using var sample = new Sample();
        Trained(sample);

        var outcome = Cli.Run("average", sample.Model, Other(sample, 1), sample.In("run"), "--kind", "greedy", "--weights", "online", "--metric", "loss",
            "--data", sample.Data, "--out", sample.In("soup.onnx"), "--json").Succeeded().Json;

        var alone = outcome.GetProperty("trials").EnumerateArray().Take(3).Min(t => t.GetProperty("loss").GetDouble());
        Assert.IsLessThanOrEqualTo(alone, outcome.GetProperty("result").GetProperty("loss").GetDouble());
    }

    [TestMethod]
    [DataRow("A", "two models")]
    [DataRow("", "two models")]
    [DataRow("A A", "twice")]
    [DataRow("A nowhere.onnx", "There is no model 'nowhere.onnx'")]
    [DataRow("A B --kind median", "--kind", "'median'")]
    [DataRow("A B --kind greedy", "--data is missing", "greedy")]
    [DataRow("A B --alpha 0,1", "--data is missing", "--alpha")]
    [DataRow("A B --alpha 2", "[0, 1]")]
    [DataRow("A B --alpha half", "--alpha", "'half'")]
    [DataRow("A B --kind uniform --alpha 0.5", "--alpha is for --kind interpolate")]
    [DataRow("A B C --alpha 0.5", "between two models")]
    [DataRow("A B --metric loss", "--data")]
    [DataRow("A B --metric f1 --data D", "'f1'")]
    [DataRow("A B --data npz:nowhere", "nowhere")]
    [DataRow("A B --epochs 3", "Unknown option '--epochs'")]
    [DataRow("A D0", "'D0' holds no training run")]
    public void What_cannot_be_averaged_is_a_sentence(string line, params string[] says)
    {
        using var sample = new Sample();
        Directory.CreateDirectory(sample.In("D0"));
        var names = new Dictionary<string, string> { ["A"] = sample.Model, ["B"] = Other(sample, 1), ["C"] = Other(sample, 2), ["D"] = sample.Data, ["D0"] = sample.In("D0") };
        string[] args = [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => names.GetValueOrDefault(word, word))];

        var outcome = Cli.Run(["average", .. args, "--out", sample.In("out.onnx")]);

        outcome.IsFailure(line == "A A" ? ExitCode.Failed : ExitCode.BadInput, [.. says.Select(s => s.Replace("D0", sample.In("D0"), StringComparison.Ordinal))]);
        Assert.IsFalse(File.Exists(sample.In("out.onnx")));
    }

    [TestMethod]
    public void Models_of_other_graphs_are_refused_with_the_first_difference()
    {
        using var sample = new Sample();
        var (two, _) = sample.TwoInputs();
        Cli.Run("average", sample.Model, two, "--out", sample.In("out.onnx")).IsFailure(ExitCode.Failed, "not the same graph", "1 and 3 inputs");
        Assert.IsFalse(File.Exists(sample.In("out.onnx")));
    }

    [TestMethod]
    public void Places_that_cannot_be_written_are_refused()
    {
        using var sample = new Sample();
        var (a, b) = (sample.Model, Other(sample, 1));
        var before = File.ReadAllBytes(b);

        Cli.Run("average", a, b).IsFailure(ExitCode.BadInput, "--out is missing");
        Cli.Run("average", a, b, "--out", a).IsFailure(ExitCode.Failed, "never overwritten");
        Cli.Run("average", a, b, "--out", b).IsFailure(ExitCode.Failed, "never overwritten");
        Cli.Run("average", a, b, "--out", sample.Path).IsFailure(ExitCode.Failed, "is a folder");
        Cli.Run("average", a, b, "--out", sample.In("1.onnx/out.onnx")).IsFailure(ExitCode.BadInput, "1.onnx");

        Assert.AreSequenceEqual(before, File.ReadAllBytes(b));
    }

    private static string Trained(Sample sample)
    {
        Cli.Run("train", sample.Model, "--data", sample.Data, "--out", sample.In("run"), "--epochs", "2", "--lr", "0.01", "--average", "ema", "--ema-decay", "0.9").Succeeded();
        Cli.Run("export", sample.In("run"), sample.In("tuned.onnx")).Succeeded();
        return sample.In("tuned.onnx");
    }

    // The sample's model with noise on its weights.
    private static string Other(Sample sample, int seed)
    {
        var (model, random) = (ModelReader.Read(sample.Model), new Random(seed));
        foreach (var weight in model.Graph.Initializers.ToList())
            weight.Initializer = Tensor.Floats([.. weight.Initializer!.Dims], [.. weight.Initializer.As<float>().ToArray().Select(w => w + random.NextSingle() - 0.5f)]);
        File.WriteAllBytes(sample.In($"{seed}.onnx"), ModelWriter.Write(model));
        return sample.In($"{seed}.onnx");
    }

    private static float[] Weights(string model) => [.. ModelReader.Read(model).Graph.Initializers.SelectMany(v => v.Initializer!.As<float>().ToArray())];
}
