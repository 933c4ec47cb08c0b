using Sema.Onnx.Data;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Inspection;
using Sema.Onnx.Training;
using Sema.Onnx.Verification;

namespace Sema.Onnx.Export;

/// <summary>Models of opsets that ONNX Runtime does not run, from the file through training and back.</summary>
[TestClass]
public sealed class OldOpsetTests
{
    private static readonly string[] Weights = ["conv", "channel", "head", "bias"];

    [TestMethod]
    [DataRow("batch")]
    [DataRow("1")]
    public void Weights_are_trained_and_the_file_keeps_its_opset(string batch)
    {
        using var folder = new TemporaryFolder();
        var path = OfOpset3(batch).Save(folder);

        var (report, weights) = Train(folder, path);

        Assert.AreEqual((true, batch == "1"), (report.ProvenUpgraded, report.SampleBySample));
        Assert.IsLessThanOrEqualTo(1e-4, report.MaxRelativeDifference);
        CollectionAssert.AreEquivalent(Weights, weights.Keys.ToArray());
        StoredTypesTests.AssertOnlyWeightsDiffer(path, report.Path, weights.ToDictionary(w => w.Key, w => FloatBytes.Encode(ElementType.Float32, w.Value.Span)));
        Assert.AreEqual(3, ModelReader.Read(report.Path).StandardOpset);
    }

    [TestMethod]
    public void A_file_that_ONNX_Runtime_runs_is_proven_as_it_is()
    {
        using var folder = new TemporaryFolder();
        var model = TinyModels.Mlp();
        model.Opsets[""] = 7;

        var (report, _) = StoredTypesTests.TrainAndExport(folder, model.Save(folder));

        Assert.IsFalse(report.ProvenUpgraded);
    }

    [TestMethod]
    [DataRow("batch")]
    [DataRow("1")]
    public void Gradients_agree_with_differences(string batch)
    {
        using var folder = new TemporaryFolder();

        var report = GradientCheck.Run(OfOpset3(batch).Save(folder), new());

        Assert.IsTrue(report.Passed);
        Assert.HasCount(Weights.Length, report.Parameters);
    }

    [TestMethod]
    [DataRow("batch")]
    [DataRow("1")]
    public void Inspection_finds_the_weights_and_no_obstacle(string batch)
    {
        using var folder = new TemporaryFolder();

        var report = ModelInspector.Inspect(OfOpset3(batch).Save(folder));

        Assert.IsEmpty(report.Obstacles);
        Assert.AreEqual(3, report.Opsets["ai.onnx"]);
        CollectionAssert.AreEquivalent(Weights, report.Constants.Where(c => c.Verdict == "trained").Select(c => c.Name).ToArray());
    }

    // As Caffe2 wrote it: Conv → Add of a bias by channel, of axis 1 → Relu in place → Reshape by an attribute → Gemm that broadcasts.
    private static Model OfOpset3(string batch = "batch")
    {
        var graph = new Graph("old");
        var x = graph.AddInput("x", ElementType.Float32, TinyModels.Batched(batch, 1, 8, 8));
        var conv = graph.Emit("Conv", [x, TinyModels.Weight(graph, "conv", 4, 1, 3, 3)], ("strides", new long[] { 2, 2 }));
        var channels = graph.Emit("Add", [conv, TinyModels.Weight(graph, "channel", 4)], ("broadcast", 1), ("axis", 1));
        var features = graph.Emit("Reshape", [graph.Emit("Relu", [channels], ("consumed_inputs", new long[] { 0 }))], ("shape", batch == "1" ? [1, -1] : new long[] { 0, -1 }));
        var y = graph.Emit("Gemm", [features, TinyModels.Weight(graph, "head", 36, TinyModels.Classes), TinyModels.Weight(graph, "bias", TinyModels.Classes)], ("broadcast", 1));
        var model = TinyModels.Finish(graph, y, TinyModels.Batched(batch, TinyModels.Classes));
        (model.IrVersion, model.Opsets[""]) = (3, 3);
        graph.Inputs.AddRange(graph.Initializers);
        return model;
    }

    private static (ExportReport Report, Dictionary<string, ReadOnlyMemory<float>> Weights) Train(TemporaryFolder folder, string model) =>
        StoredTypesTests.TrainAndExport(folder, model, data: new(TinyModels.Images(48), TinyModels.Images(20, seed: 2)));
}
