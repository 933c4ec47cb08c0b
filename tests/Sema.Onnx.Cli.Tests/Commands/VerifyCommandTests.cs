namespace Sema.Onnx.Cli.Commands;

/// <summary>References computed by hand: with the last layer's bias alone trained by gradient descent, its gradient is the mean of softmax − one-hot.</summary>
[TestClass]
public sealed class VerifyCommandTests
{
    private const double Rate = 0.5;

    [TestMethod]
    public void A_faithful_recording_passes()
    {
        using var sample = new Sample();
        Record(sample, error: 0);

        var json = Cli.Run("verify", sample.Model, sample.In("reference.npz"), "--optimizer", "sgd", "--lr", "0.5", "--weight-decay", "0", "--json").Succeeded().Json;

        Assert.IsTrue(json.GetProperty("passed").GetBoolean());
        Assert.IsLessThan(1e-5, json.GetProperty("final").GetProperty("max").GetDouble());
    }

    [TestMethod]
    public void One_that_is_off_fails_unless_the_tolerance_lets_it()
    {
        using var sample = new Sample();
        Record(sample, error: 0.01f);
        string[] args = ["verify", sample.Model, sample.In("reference.npz"), "--optimizer", "sgd", "--lr", "0.5", "--weight-decay", "0"];

        var failed = Cli.Run(args);

        Assert.AreEqual(ExitCode.Failed, failed.Code);
        Assert.Contains("ABOVE THE TOLERANCE", failed.Output);
        Assert.Contains("fc2.bias", failed.Output);
        Assert.IsFalse(Cli.Run([.. args, "--json"]).Json.GetProperty("passed").GetBoolean());
        Cli.Run([.. args, "--tolerance", "0.5"]).Succeeded();
    }

    [TestMethod]
    public void A_recording_that_lacks_an_array_is_refused()
    {
        using var sample = new Sample();

        Cli.Run("verify", sample.Model, sample.In("data/train.npz"), "--json").IsFailure(ExitCode.BadInput, "'loss'");
    }

    // All inputs 0 and a hidden layer of max(0, b1): the logits are b2 + max(0, b1) W2, whatever the sample.
    private static void Record(Sample sample, float error)
    {
        var weights = Graphs.Serialization.ModelReader.Read(sample.Model).Graph;
        double[] b1 = Values("fc1.bias"), w2 = Values("fc2.weight"), b2 = Values("fc2.bias");
        double[] logits = [.. b2.Select((b, c) => b + b1.Select((h, i) => Math.Max(0, h) * w2[(i * Sample.Classes) + c]).Sum())];
        var sum = logits.Sum(Math.Exp);
        long[] target = [0, 2];
        double[] gradient = [.. logits.Select((z, c) => (Math.Exp(z) / sum) - target.Count(t => t == c) / 2.0)];
        var loss = target.Average(t => Math.Log(sum) - logits[t]);
        sample.WriteNpz("reference.npz",
            ("input", [1, 2, Sample.Features], new float[2 * Sample.Features]),
            ("target", [1, 2], target),
            ("loss", [1], new[] { (float)loss }),
            ("grad/fc2.bias", [Sample.Classes], gradient.Select(g => (float)g).ToArray()),
            ("final/fc2.bias", [Sample.Classes], b2.Select((b, c) => (float)(b - (Rate * gradient[c])) + error).ToArray()));

        double[] Values(string name) => weights.Find(name)!.Initializer!.ToFloat64();
    }
}
