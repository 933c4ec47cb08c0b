using System.Runtime.InteropServices;
using Google.Protobuf;
using Sema.Onnx.Artifacts;
using Sema.Onnx.Data;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Protobuf;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Inspection;
using Sema.Onnx.Training;

namespace Sema.Onnx.Export;

/// <summary>Weights that the file stores in another type than float32, from the file through training and back.</summary>
[TestClass]
public sealed class StoredTypesTests
{
    private static readonly DataSplit Data = new(TinyModels.Points(48), TinyModels.Points(20, seed: 2));

    [TestMethod]
    [DataRow(ElementType.Float16, "float16")]
    [DataRow(ElementType.BFloat16, "float32")]
    [DataRow(ElementType.Float64, "float64")]
    public void Weights_of_another_float_type_are_trained_and_keep_their_type(ElementType type, string provenIn)
    {
        using var folder = new TemporaryFolder();
        var path = StoredModels.Mlp(type).Save(folder);

        var (report, weights) = TrainAndExport(folder, path);

        Assert.AreEqual((5, provenIn), (report.ChangedTensors, report.ProvenIn));
        Assert.IsLessThanOrEqualTo(report.Tolerance, report.MaxRelativeDifference);
        Assert.AreEqual(type switch { ElementType.Float16 => 16 / 2048.0, _ => 1e-4 }, report.Tolerance);
        AssertOnlyWeightsDiffer(path, report.Path, weights.ToDictionary(w => w.Key, w => FloatBytes.Encode(type, w.Value.Span)));
    }

    [TestMethod]
    [DataRow(ElementType.Int8, false)]
    [DataRow(ElementType.Int8, true)]
    [DataRow(ElementType.UInt8, false)]
    [DataRow(ElementType.Int16, true)]
    [DataRow(ElementType.UInt4, false)]
    [DataRow(ElementType.Int4, true)]
    [DataRow(ElementType.Float8E4M3FN, false)]
    [DataRow(ElementType.Float8E4M3FNUZ, false)]
    [DataRow(ElementType.Float8E5M2, false)]
    [DataRow(ElementType.Float8E5M2FNUZ, false)]
    public void Quantised_weights_are_trained_and_written_on_their_own_grid(ElementType type, bool perChannel)
    {
        using var folder = new TemporaryFolder();
        var path = StoredModels.Quantized(type, perChannel).Save(folder);
        var before = ModelReader.Read(path).Graph;

        var (report, _) = TrainAndExport(folder, path);

        Assert.AreEqual(3, report.ChangedTensors);
        Assert.IsLessThan(0.02, report.MaxRelativeDifference);
        var after = ModelReader.Read(report.Path).Graph;
        foreach (var name in new[] { "w1", "b1", "w2" })
        {
            Assert.AreEqual(before.Find(name)!.Type, after.Find(name)!.Type);
            CollectionAssert.AreNotEqual(before.Find(name)!.Initializer!.Data.ToArray(), after.Find(name)!.Initializer!.Data.ToArray(), name);
        }

        AssertOnlyWeightsDiffer(path, report.Path, new[] { "w1", "b1", "w2" }.ToDictionary(n => n, n => after.Find(n)!.Initializer!.Data.ToArray()));
    }

    [TestMethod]
    public void Quantised_training_learns_and_the_exported_model_is_as_good()
    {
        using var folder = new TemporaryFolder();
        var path = StoredModels.Quantized(ElementType.Int8, perChannel: true).Save(folder);
        var before = ModelEvaluator.Evaluate(path, Data.Test!, new EvaluationOptions());

        var (report, _) = TrainAndExport(folder, path, epochs: 8);

        var after = ModelEvaluator.Evaluate(report.Path, Data.Test!, new EvaluationOptions());
        Assert.IsLessThan(0.6 * before.Loss, after.Loss);
    }

    [TestMethod]
    [DataRow(ElementType.Float16)]
    [DataRow(ElementType.Float64)]
    public void A_model_is_evaluated_in_its_own_type(ElementType type)
    {
        using var folder = new TemporaryFolder();
        var own = ModelEvaluator.Evaluate(StoredModels.Mlp(type).Save(folder), Data.Test!, new EvaluationOptions());
        var plain = ModelEvaluator.Evaluate(StoredModels.Mlp(ElementType.Float32).Save(folder), Data.Test!, new EvaluationOptions());

        Assert.AreEqual(plain.Loss, own.Loss, 2e-3);
        Assert.AreEqual(20, own.Samples);
    }

    [TestMethod]
    public void Inspection_tells_how_trained_weights_are_stored()
    {
        using var folder = new TemporaryFolder();

        var halves = ModelInspector.Inspect(StoredModels.Mlp(ElementType.Float16).Save(folder)).Constants.ToDictionary(c => c.Name);
        var integers = ModelInspector.Inspect(StoredModels.Quantized(ElementType.Int8, perChannel: true).Save(folder)).Constants.ToDictionary(c => c.Name);

        Assert.AreEqual(("float16", "trained", "weight, stored as float16"), Told(halves["w1"]));
        Assert.AreEqual(("int8", "trained", "weight, stored as int8"), Told(integers["w1"]));
        Assert.AreEqual(("int32", "trained", "weight, stored as int32"), Told(integers["b1"]));
        Assert.AreEqual(("float32", "constant", "quantisation scale"), Told(integers["w1.scale"]));
        Assert.AreEqual(("float32", "constant", "quantisation scale"), Told(integers["x.scale"]));

        static (string, string, string) Told(ConstantReport c) => (c.Type, c.Verdict, c.Reason);
    }

    [TestMethod]
    public void A_weight_beyond_its_type_is_refused()
    {
        using var folder = new TemporaryFolder();
        var path = StoredModels.Mlp(ElementType.Float16).Save(folder);
        var artifacts = Path.Combine(folder.Path, "artifacts");
        var weights = ArtifactBuilder.Build(path, artifacts, new(), [4, TinyModels.Features]).Parameters
            .ToDictionary(p => p.Name, p => (ReadOnlyMemory<float>)Enumerable.Repeat(70000f, (int)p.Count).ToArray());

        var error = Assert.ThrowsExactly<ExportException>(() => ModelExporter.Export(path, artifacts, Path.Combine(folder.Path, "out.onnx"), weights));

        StringAssert.Contains(error.Message, "holds 70000, which is beyond its type in the model, float16");
    }

    [TestMethod]
    public void A_model_in_integers_alone_is_refused_with_advice()
    {
        using var folder = new TemporaryFolder();
        var graph = new Graph("integers");
        var x = graph.AddInput("x", ElementType.Float32, TinyModels.Batched("batch", 4)).Cast(ElementType.UInt8);
        var weight = graph.AddInitializer("w", new Tensor(ElementType.UInt8, [4, 3], new byte[12]));
        var product = graph.Emit("MatMulInteger", [x, weight]).As(ElementType.Int32).Cast(ElementType.Float32);
        var path = TinyModels.Finish(graph, product, TinyModels.Batched("batch", 3)).Save(folder);

        var error = Assert.ThrowsExactly<InvalidModelException>(() => ArtifactBuilder.Build(path, Path.Combine(folder.Path, "artifacts"), new(), [4, 4]));

        StringAssert.Contains(error.Message, "'MatMulInteger'");
        StringAssert.Contains(error.Message, "quantise the model in QDQ form");
        StringAssert.Contains(ModelInspector.Inspect(path).Obstacles.Single().Message, "quantise the model in QDQ form");
    }

    /// <summary>Trains for some epochs of 6 steps, exports the trained weights, and returns them too.</summary>
    internal static (ExportReport Report, Dictionary<string, ReadOnlyMemory<float>> Weights) TrainAndExport(TemporaryFolder folder, string model, int epochs = 2, string? output = null, DataSplit? data = null)
    {
        var run = Path.Combine(folder.Path, "run");
        using (var trainer = Trainer.Start(model, run, data ?? Data, new() { Epochs = epochs, BatchSize = 8, Schedule = _ => new Schedules.ConstantSchedule(0.02) }))
            trainer.Train();
        var artifacts = new RunFolder(run).Artifacts;
        using var checkpoint = new Checkpoints.CheckpointStore(new RunFolder(run).Checkpoints).LoadLatest();
        var weights = Manifest.Read(artifacts).Layout.Parameters.ToDictionary(p => p.Name, p =>
            (ReadOnlyMemory<float>)MemoryMarshal.Cast<byte, float>(checkpoint.Tensors.Read(RunState.TensorName(RunState.Weights, p.Name))).ToArray());
        return (ModelExporter.Export(model, artifacts, Path.Combine(output ?? folder.Path, "tuned.onnx"), weights), weights);
    }

    /// <summary>The original's bytes with the new ones in the place of the old: nothing else may change.</summary>
    internal static void AssertOnlyWeightsDiffer(string original, string exported, IReadOnlyDictionary<string, byte[]> weights)
    {
        var expected = ModelProto.Parser.ParseFrom(File.ReadAllBytes(original));
        foreach (var tensor in expected.Graph.Initializer.Where(t => weights.ContainsKey(t.Name)))
            tensor.RawData = ByteString.CopyFrom(weights[tensor.Name]);
        CollectionAssert.AreEqual(expected.ToByteArray(), File.ReadAllBytes(exported));
    }
}
