using Sema.Onnx.Graphs;

namespace Sema.Onnx.Export;

[TestClass]
public sealed class RefusalTests
{
    [TestMethod]
    public void A_model_that_computes_something_else_is_not_written()
    {
        using var folder = new ExportFolder();
        new SmallModel().Save(folder.Original);
        var weights = folder.Train();
        new SmallModel { Activation = "Tanh" }.Save(folder.Original);

        StringAssert.Contains(folder.Refusal(weights), "its output 'y' differs from that of the training graphs");
        Assert.AreEqual("", folder.Written);
    }

    [TestMethod]
    public void A_failed_proof_leaves_the_file_that_was_there()
    {
        using var folder = new ExportFolder();
        new SmallModel().Save(folder.Original);
        var weights = folder.Train();
        new SmallModel { Activation = "Tanh" }.Save(folder.Original);
        File.WriteAllText(folder.Output, "an earlier export");

        folder.Refusal(weights);

        Assert.AreEqual("an earlier export", File.ReadAllText(folder.Output));
        Assert.AreEqual("tuned.onnx", folder.Written);
    }

    [TestMethod]
    public void A_model_that_does_not_load_is_not_written()
    {
        using var folder = new ExportFolder();
        new SmallModel().Save(folder.Original);
        var weights = folder.Train();
        new SmallModel { Activation = "NoSuchOperator" }.Save(folder.Original);

        var message = folder.Refusal(weights);

        StringAssert.Contains(message, "NoSuchOperator");
        StringAssert.Contains(message, folder.Output);
        Assert.AreEqual("", folder.Written);
    }

    [TestMethod]
    public void The_original_is_never_the_output()
    {
        using var folder = new ExportFolder();
        new SmallModel().Save(folder.Original);
        var weights = folder.Train();
        var link = folder.Output + ".link.onnx";
        File.CreateSymbolicLink(link, folder.Original);

        foreach (var output in new[] { folder.Original, Path.Combine(folder.Original, "..", "model.onnx"), link })
        {
            var error = Assert.ThrowsExactly<ExportException>(() => ModelExporter.Export(folder.Original, folder.Artifacts, output, weights));
            StringAssert.Contains(error.Message, "is the original model");
        }
    }

    [TestMethod]
    public void A_folder_is_no_output()
    {
        using var folder = new ExportFolder();
        new SmallModel().Save(folder.Original);
        var weights = folder.Train();
        Directory.CreateDirectory(folder.Output);

        StringAssert.Contains(folder.Refusal(weights), "is a folder");
    }

    [TestMethod]
    public void Weights_must_be_all_there_whole_and_finite()
    {
        using var folder = new ExportFolder();
        new SmallModel().Save(folder.Original);
        var weights = folder.Train();

        StringAssert.Contains(Without("head.bias"), "no 'head.bias' among the weights");
        StringAssert.Contains(With("head.bias", 1, 2), "'head.bias' has 2 elements in the weights, and its shape [3] takes 3");
        StringAssert.Contains(With("head.bias", 1, float.NaN, 3), "'head.bias' holds NaN or infinity");
        StringAssert.Contains(With("head.bias", 1, float.PositiveInfinity, 3), "'head.bias' holds NaN or infinity");
        Assert.AreEqual("", folder.Written);

        string Without(string name) => folder.Refusal(weights.Where(w => w.Key != name).ToDictionary());

        string With(string name, params float[] values) => folder.Refusal(new Dictionary<string, ReadOnlyMemory<float>>(weights) { [name] = values });
    }

    [TestMethod]
    public void A_batch_of_another_size_is_refused()
    {
        using var folder = new ExportFolder();
        new SmallModel().Save(folder.Original);
        var weights = folder.Train();

        var error = Assert.ThrowsExactly<ExportException>(() => folder.Export(weights, options: null, new byte[12]));

        StringAssert.Contains(error.Message, "has 12 bytes for the input 'x'; it takes 64"); // 4 samples of 4 float32
    }

    [TestMethod]
    public void Averages_need_a_file_format_that_has_free_initializers()
    {
        using var folder = new ExportFolder();
        new SmallModel { IrVersion = 3 }.Save(folder.Original);
        var weights = folder.Train();
        var options = new ExportOptions { Shadows = new Dictionary<string, IReadOnlyDictionary<string, ReadOnlyMemory<float>>> { ["ema"] = weights } };

        StringAssert.Contains(folder.Refusal(weights, options), "IR version 3");
        Assert.AreEqual("", folder.Written);
    }

    [TestMethod]
    public void Another_model_s_weights_are_refused()
    {
        using var folder = new ExportFolder();
        new SmallModel().Save(folder.Original);
        var weights = folder.Train();
        var other = new SmallModel().Build();
        other.Graph.Rename(other.Graph.Find("body.bias")!, "other.bias");
        File.WriteAllBytes(folder.Original, Graphs.Serialization.ModelWriter.Write(other));

        StringAssert.Contains(folder.Refusal(weights), "it has no initializer 'body.bias'");
    }

    [TestMethod]
    public void A_folder_without_training_graphs_is_refused()
    {
        using var folder = new ExportFolder();
        new SmallModel().Save(folder.Original);

        Assert.ThrowsExactly<InvalidModelException>(() => folder.Export(new Dictionary<string, ReadOnlyMemory<float>>()));
    }
}
