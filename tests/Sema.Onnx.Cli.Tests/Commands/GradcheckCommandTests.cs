namespace Sema.Onnx.Cli.Commands;

[TestClass]
public sealed class GradcheckCommandTests
{
    [TestMethod]
    public void A_model_passes_without_data()
    {
        using var sample = new Sample();

        var json = Cli.Run("gradcheck", sample.Model, "--seed", "3", "--directions", "2", "--json").Succeeded().Json;

        Assert.IsTrue(json.GetProperty("passed").GetBoolean());
        Assert.AreEqual("float64", json.GetProperty("precision").GetString());
        Assert.AreEqual(3, json.GetProperty("seed").GetInt32());
        Assert.AreEqual(4, json.GetProperty("parameters").GetArrayLength());
        Assert.IsLessThan(1e-6, json.GetProperty("worst").GetProperty("relativeError").GetDouble());
        Assert.IsLessThan(1e-3, json.GetProperty("float32Worst").GetProperty("relativeError").GetDouble());
        Assert.AreEqual("x", json.GetProperty("inputs")[0].GetProperty("name").GetString());
        foreach (var figure in new[] { "gradientNorm", "directional", "difference", "relativeError", "float32RelativeError" })
            Assert.IsTrue(double.IsFinite(json.GetProperty("parameters")[0].GetProperty(figure).GetDouble()), figure);
    }

    [TestMethod]
    public void The_table_names_parameters_inputs_and_the_verdict()
    {
        using var sample = new Sample();

        var output = Cli.Run("gradcheck", sample.Model, "--shape", "x=4,6", "--range", "x=-2,2", "--parameters", "fc1.*").Succeeded().Output;

        Assert.Contains("x  float32 [4, 6], -2 to 2", output);
        Assert.Contains("fc1.weight", output);
        Assert.DoesNotContain("fc2.weight", output);
        Assert.Contains("gradients agree with differences", output);
    }

    [TestMethod]
    [DataRow("--shape x=2,5", "'x'", "does not fit")]
    [DataRow("--shape pixels=1,3", "no input 'pixels'", "'x'")]
    [DataRow("--range pixels=1,3", "no input 'pixels'", "'x'")]
    [DataRow("--parameters conv*", "'conv*'", "sema inspect")]
    public void What_does_not_fit_the_model_is_refused(string options, params string[] says)
    {
        using var sample = new Sample();

        Cli.Run(["gradcheck", sample.Model, .. options.Split(' ')]).IsFailure(ExitCode.BadInput, says);
    }
}
