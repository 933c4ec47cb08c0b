using System.Runtime.InteropServices;
using System.Text.Json;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Export;

[TestClass]
public sealed class ModelExporterTests
{
    private const double Rounding = 1e-5;

    [TestMethod]
    public void Only_the_bytes_of_the_trained_weights_change()
    {
        using var folder = new ExportFolder();
        new SmallModel().Save(folder.Original);
        var weights = folder.Train();

        var report = folder.Export(weights);

        var expected = File.ReadAllBytes(folder.Original);
        Overwrite(expected, weights);
        CollectionAssert.AreEqual(expected, File.ReadAllBytes(folder.Output));
        Assert.AreEqual(4, report.ChangedTensors);
        Assert.AreEqual(4 * (20 + 5 + 15 + 3), report.ChangedBytes); // float32: 5·4, 5, 3·5 and 3 elements
        Assert.AreEqual(expected.Length, report.Size);
        Assert.IsTrue(report.SignatureMatches);
        Assert.IsLessThan(Rounding, report.MaxRelativeDifference);
        Assert.AreEqual("tuned.onnx", folder.Written);
    }

    [TestMethod]
    public void A_tensor_that_did_not_move_does_not_count_as_changed()
    {
        using var folder = new ExportFolder();
        new SmallModel().Save(folder.Original);
        var weights = folder.Train();
        foreach (var name in SmallModel.Weights.Keys.Where(n => n != "head.bias"))
            weights[name] = SmallModel.Initial(name);

        Assert.AreEqual((1, 12L), (folder.Export(weights) is var report ? report.ChangedTensors : 0, report.ChangedBytes));
    }

    [TestMethod]
    public void External_data_stay_external()
    {
        using var folder = new ExportFolder();
        new SmallModel().SaveExternal(folder.Original);
        var weights = folder.Train();

        var report = folder.Export(weights);

        var expected = File.ReadAllBytes(Path.Combine(Path.GetDirectoryName(folder.Original)!, "small.bin"));
        Overwrite(expected, weights);
        CollectionAssert.AreEqual(File.ReadAllBytes(folder.Original), File.ReadAllBytes(folder.Output));
        CollectionAssert.AreEqual(expected, File.ReadAllBytes(Path.Combine(Path.GetDirectoryName(folder.Output)!, "small.bin")));
        Assert.AreEqual("small.bin tuned.onnx", folder.Written);
        Assert.AreEqual(new FileInfo(folder.Output).Length + expected.Length, report.Size);
    }

    [TestMethod]
    public void External_data_of_the_original_are_never_overwritten()
    {
        using var folder = new ExportFolder();
        new SmallModel().SaveExternal(folder.Original);
        var weights = folder.Train();
        var beside = Path.Combine(Path.GetDirectoryName(folder.Original)!, "tuned.onnx");
        var data = File.ReadAllBytes(Path.Combine(Path.GetDirectoryName(folder.Original)!, "small.bin"));

        var error = Assert.ThrowsExactly<ExportException>(() => ModelExporter.Export(folder.Original, folder.Artifacts, beside, weights));

        StringAssert.Contains(error.Message, "'small.bin'");
        Assert.IsFalse(File.Exists(beside));
        CollectionAssert.AreEqual(data, File.ReadAllBytes(Path.Combine(Path.GetDirectoryName(folder.Original)!, "small.bin")));
        Assert.HasCount(2, Directory.GetFileSystemEntries(Path.GetDirectoryName(folder.Original)!));
    }

    [TestMethod]
    public void A_model_of_one_sample_is_proven_sample_by_sample_and_keeps_its_batch()
    {
        using var folder = new ExportFolder();
        new SmallModel { BakedBatch = true }.Save(folder.Original);
        var weights = folder.Train();

        var report = folder.Export(weights);

        Assert.IsTrue(report.SampleBySample);
        Assert.AreEqual(ExportFolder.Batch, report.SamplesCompared);
        Assert.IsLessThan(Rounding, report.MaxRelativeDifference);
        using var session = new Session(folder.Output);
        Assert.AreEqual("[1, 3]", session.Outputs["y"].Shape!.ToString());
    }

    [TestMethod]
    public void Initializers_that_are_inputs_stay_inputs()
    {
        using var folder = new ExportFolder();
        new SmallModel { IrVersion = 3 }.Save(folder.Original);
        var weights = folder.Train();

        folder.Export(weights);

        var expected = File.ReadAllBytes(folder.Original);
        Overwrite(expected, weights);
        CollectionAssert.AreEqual(expected, File.ReadAllBytes(folder.Output));
    }

    [TestMethod]
    public void The_proof_runs_on_the_batches_that_are_given()
    {
        using var folder = new ExportFolder();
        new SmallModel().Save(folder.Original);
        var weights = folder.Train();
        var batch = MemoryMarshal.AsBytes(new float[ExportFolder.Batch * SmallModel.Features].AsSpan()).ToArray();

        var report = folder.Export(weights, options: null, batch, batch);

        Assert.AreEqual(("data", 8), (report.ProofInput, report.SamplesCompared));
    }

    [TestMethod]
    public void Without_batches_the_proof_runs_on_noise_and_says_so()
    {
        using var folder = new ExportFolder();
        new SmallModel().Save(folder.Original);

        var report = folder.Export(folder.Train());

        Assert.AreEqual(("random", ExportFolder.Batch), (report.ProofInput, report.SamplesCompared));
        using var json = JsonDocument.Parse(report.ToJson());
        Assert.AreEqual("random", json.RootElement.GetProperty("proofInput").GetString());
        Assert.AreEqual(report.MaxAbsoluteDifference, json.RootElement.GetProperty("maxAbsoluteDifference").GetDouble());
    }

    [TestMethod]
    public void Averaged_weights_are_added_under_names_of_their_own_where_asked_for()
    {
        using var folder = new ExportFolder();
        new SmallModel().Save(folder.Original);
        var weights = folder.Train();
        var average = weights.ToDictionary(w => w.Key, w => (ReadOnlyMemory<float>)Array.ConvertAll(w.Value.ToArray(), x => x / 2));

        var report = folder.Export(weights, new ExportOptions { Shadows = new Dictionary<string, IReadOnlyDictionary<string, ReadOnlyMemory<float>>> { ["ema"] = average } });

        Assert.AreEqual(4, report.AddedTensors);
        var graph = ModelReader.Read(folder.Output).Graph;
        foreach (var (name, dims) in SmallModel.Weights)
        {
            var shadow = graph.Find($"sema.ema/{name}")!.Initializer!;
            CollectionAssert.AreEqual(dims, shadow.Dims.ToArray());
            CollectionAssert.AreEqual(average[name].ToArray(), shadow.As<float>().ToArray());
            CollectionAssert.AreEqual(weights[name].ToArray(), graph.Find(name)!.Initializer!.As<float>().ToArray());
        }
    }

    // Each weight's own bytes, found by the values that they had.
    private static void Overwrite(byte[] file, Dictionary<string, ReadOnlyMemory<float>> weights)
    {
        Assert.HasCount(SmallModel.Weights.Count, weights);
        foreach (var (name, values) in weights)
            MemoryMarshal.AsBytes(values.Span).CopyTo(file.AsSpan(file.AsSpan().IndexOf(SmallModel.InitialBytes(name))));
    }
}
