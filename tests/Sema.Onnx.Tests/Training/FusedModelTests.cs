using Sema.Onnx.Artifacts;
using Sema.Onnx.Data;
using Sema.Onnx.Export;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Inspection;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Training;

/// <summary>Models of ONNX Runtime's fused operators are trained in standard ones, and exported as they were.</summary>
[TestClass]
public sealed class FusedModelTests
{
    private const int Batch = 4;

    private static readonly float[] Words = [0, 3, 1, 2, 5, 1, 1, 0, 2, 4, 4, 3, 1, 0, 5, 2];

    [TestMethod]
    [DataRow("bert")]
    [DataRow("gpt")]
    public void Gradients_agree_with_central_differences_in_float64(string kind)
    {
        var graphs = Compose(kind, new() { Precision = ElementType.Float64 });
        using var session = new Session(ModelWriter.Write(graphs.Training), new() { Threads = 1, Optimization = OptimizationLevel.Basic });
        var weights = graphs.Layout.Parameters.ToDictionary(p => p.Name, p => graphs.Training.Graph.Find(p.Name)!.Initializer!);
        var gradients = Run([]);
        var random = new Random(20240209);

        foreach (var (name, weight) in weights)
        {
            double[] start = weight.ToFloat64(), direction = [.. start.Select(_ => random.NextDouble() - 0.5)];
            var derivative = gradients[TrainingGraphs.Gradient(name)].Zip(direction, (g, d) => g * d).Sum();
            var numeric = (8 * (Loss(1e-3) - Loss(-1e-3)) - (Loss(2e-3) - Loss(-2e-3))) / (12 * 1e-3);
            Assert.AreEqual(numeric, derivative, 1e-8, name);

            double Loss(double step) => Run(new()
            {
                [name] = HostTensor.Of<double>([.. start.Zip(direction, (w, d) => w + step * d)], [.. weight.Dims]),
            })[TrainingGraphs.LossName][0];
        }

        Dictionary<string, double[]> Run(Dictionary<string, HostTensor> moved)
        {
            moved["x"] = HostTensor.Of<double>([.. Words.Select(w => (double)w)], Batch, TinyModels.Features);
            moved[TrainingGraphs.TargetName] = HostTensor.Of<long>([0, 2, 1, 1], Batch);
            return ModelRunner.Run(session, moved).ToDictionary(o => o.Key, o => o.Value.As<double>().ToArray());
        }
    }

    [TestMethod]
    [DataRow("bert", 18)]
    [DataRow("gpt", 8)]
    public void Evaluation_computes_what_the_model_does_with_weights_of_its_names(string kind, int trained)
    {
        var graphs = Compose(kind, new());
        var (original, eval) = (FusedModels.Of(kind), graphs.Eval);
        var expected = Run(original)["y"];
        var actual = Run(eval)["y"];

        for (var i = 0; i < expected.Length; i++)
            Assert.AreEqual(expected[i], actual[i], 1e-5, $"y[{i}]");
        Assert.HasCount(trained, graphs.Layout.Parameters);
        foreach (var parameter in graphs.Layout.Parameters)
            CollectionAssert.AreEqual(original.Graph.Find(parameter.Name)!.Initializer!.Dims.ToArray(), parameter.Shape.ToArray());
        Assert.IsFalse(graphs.Training.Opsets.ContainsKey("com.microsoft"));
    }

    [TestMethod]
    [DataRow("bert")]
    [DataRow("gpt")]
    public void Trained_model_is_the_original_file_with_other_weights(string kind)
    {
        using var folder = new TemporaryFolder();
        var model = FusedModels.Of(kind).Save(folder);
        var data = new DataSplit(TinyModels.Points(24), TinyModels.Points(8, seed: 2));
        using (var trainer = Trainer.Start(model, Path.Combine(folder.Path, "run"), data, new TrainerOptions { Epochs = 2, BatchSize = 8 }))
            trainer.Train();

        var tuned = Path.Combine(folder.Path, "tuned.onnx");
        var export = RunExport.Export(Path.Combine(folder.Path, "run"), tuned, new RunExportOptions { Proof = data.Test });

        Assert.IsLessThan(1e-5, export.Report.MaxRelativeDifference);
        Assert.AreEqual(new FileInfo(model).Length, new FileInfo(tuned).Length);
        Model before = ModelReader.Read(model), after = ModelReader.Read(tuned);
        CollectionAssert.AreEqual(before.Graph.Nodes.Select(n => n.ToString()).ToArray(), after.Graph.Nodes.Select(n => n.ToString()).ToArray());
        Assert.IsFalse(before.Graph.Find("head")!.Initializer!.Data.Span.SequenceEqual(after.Graph.Find("head")!.Initializer!.Data.Span));
    }

    [TestMethod]
    public void Inspection_calls_fused_operators_rewritten_and_tables_no_weights()
    {
        using var folder = new TemporaryFolder();
        var report = ModelInspector.Inspect(FusedModels.Of("gpt").Save(folder));

        Assert.IsTrue(report.Trainable, string.Join(' ', report.Obstacles.Select(o => o.Message)));
        Assert.IsTrue(report.Operators.Where(o => o.Name.StartsWith("com.microsoft", StringComparison.Ordinal)).All(o => o.Gradient == "rewritten"));
        Assert.AreEqual("rewritten", report.Operators.Single(o => o.Name == "SimplifiedLayerNormalization").Gradient);
        Assert.AreEqual("constant: table of a rotary embedding", report.Constants.Where(c => c.Name is "cos" or "sin").Select(c => $"{c.Verdict}: {c.Reason}").Distinct().Single());
        Assert.AreEqual("x float32 [batch, 4]", $"{report.Inputs[0].Name} {report.Inputs[0].Type} [{string.Join(", ", report.Inputs[0].Shape!)}]");
    }

    private static TrainingGraphs Compose(string kind, CompositionOptions options)
    {
        var model = FusedModels.Of(kind);
        return new Composer(options, ArtifactBuilder.Annotate).Compose(model, Composer.OneShape(model.Graph, [Batch, TinyModels.Features]), null);
    }

    private static Dictionary<string, float[]> Run(Model model)
    {
        using var session = new Session(ModelWriter.Write(model));
        var inputs = new Dictionary<string, HostTensor> { ["x"] = HostTensor.Of<float>(Words, Batch, TinyModels.Features) };
        if (session.Inputs.ContainsKey(TrainingGraphs.MaskName))
        {
            inputs[TrainingGraphs.MaskName] = HostTensor.Of<float>([1, 1, 1, 1], Batch);
            inputs[TrainingGraphs.TargetName] = HostTensor.Of<long>([0, 2, 1, 1], Batch);
        }

        return ModelRunner.Run(session, inputs).Where(o => o.Value.Type == ElementType.Float32).ToDictionary(o => o.Key, o => o.Value.As<float>().ToArray());
    }
}
