using System.Security.Cryptography;
using Sema.Onnx.Data;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;
using Sema.Onnx.Training;

namespace Sema.Onnx.Artifacts;

[TestClass]
public sealed class ArtifactFolderTests
{
    private static readonly CompositionOptions Options = new() { Averages = 2, Optimizer = new AdamW(), BatchNormalization = BatchNormalizationMode.Train };

    [TestMethod]
    public void Training_runs_with_nothing_bound_but_the_batch()
    {
        using var built = new Built(TinyModels.ConvNet(), Options with { Accumulate = true });
        var outputs = ModelRunner.Run(built.File(ArtifactFolder.Training), Batch());
        Assert.IsTrue(float.IsFinite(outputs[TrainingGraphs.LossName].As<float>()[0]));
        // Accumulators start from zeros: the gradient is that of the graph without them.
        using var plain = new Built(TinyModels.ConvNet(), Options);
        var expected = ModelRunner.Run(plain.File(ArtifactFolder.Training), Batch());
        CollectionAssert.AreEqual(expected["gradient/conv"].As<float>().ToArray(), outputs["gradient/conv"].As<float>().ToArray());
    }

    [TestMethod]
    public void Evaluation_gives_the_models_own_outputs_with_nothing_bound_but_the_batch()
    {
        using var built = new Built(TinyModels.ConvNet(), Options);
        var batch = Batch();
        var expected = ModelRunner.Run(built.Model, new Dictionary<string, HostTensor> { ["x"] = batch["x"] });
        batch[TrainingGraphs.MaskName] = HostTensor.Of<float>([1, 1], 2);
        var outputs = ModelRunner.Run(built.File(ArtifactFolder.Eval), batch);
        foreach (var (a, b) in expected["y"].As<float>().ToArray().Zip(outputs["y"].As<float>().ToArray()))
            Assert.AreEqual(a, b, 1e-6);
    }

    [TestMethod]
    public void An_update_starts_from_the_weights_with_nothing_bound_but_gradients_and_scalars()
    {
        using var built = new Built(TinyModels.ConvNet(), Options);
        // The gradient is 0: AdamW shrinks the weights by 1 − 0.5 · 0.1, and e = 0.25 e + 0.75 w.
        var inputs = Scalars();
        inputs[UpdateGraph.Gradients] = new(ElementType.Float32, built.Manifest.Layout.Length);
        var outputs = ModelRunner.Run(built.File(ArtifactFolder.Update), inputs);
        var weights = built.Vector(0);
        for (var i = 0; i < weights.Length; i++)
        {
            Assert.AreEqual(weights[i] * 0.95f, outputs["next/weights"].As<float>()[i], 1e-6);
            Assert.AreEqual(weights[i] * (0.25f + 0.75f * 0.95f), outputs["next/average0"].As<float>()[i], 1e-6);
            Assert.AreEqual(0, outputs["next/moment1"].As<float>()[i]);
            Assert.AreEqual(0, outputs["next/moment2"].As<float>()[i]);
        }
    }

    [TestMethod]
    public void An_update_takes_shorter_slices_in_place_of_its_defaults()
    {
        using var built = new Built(TinyModels.ConvNet(), Options);
        using var session = new Session(built.File(ArtifactFolder.Update));
        using var binding = new Binding(session);
        foreach (var (name, value) in Scalars())
            binding.BindInput(name, value);
        using var gradient = HostTensor.Of<float>([0, 0, 0], 3);
        binding.BindInput(UpdateGraph.Gradients, gradient);
        var vectors = new[] { "weights", "moment1", "moment2", "average0", "average1" }.ToDictionary(n => n, n => HostTensor.Of<float>([4, 8, 16], 3));
        foreach (var (name, vector) in vectors)
        {
            binding.BindInput(name, vector);
            binding.BindOutput(UpdateGraph.Next + name, vector);
        }

        session.Run(binding);
        CollectionAssert.AreEqual(new[] { 3.6f, 7.2f, 14.4f }, vectors["moment1"].As<float>().ToArray());
        Assert.AreNotEqual(4f, vectors["weights"].As<float>()[0]);
        Assert.AreEqual(0.25f * 4 + 0.75f * vectors["weights"].As<float>()[0], vectors["average0"].As<float>()[0], 1e-6f);
    }

    [TestMethod]
    public void Weights_lie_where_the_manifest_says()
    {
        using var built = new Built(TinyModels.ConvNet(), Options);
        var model = TinyModels.ConvNet();
        Assert.HasCount(7, built.Manifest.Layout.Parameters);
        foreach (var parameter in built.Manifest.Layout.Parameters)
        {
            CollectionAssert.AreEqual(model.Graph.Find(parameter.Name)!.Initializer!.As<float>().ToArray(),
                built.Vector(parameter.Offset)[..(int)parameter.Count], parameter.Name);
        }
    }

    [TestMethod]
    public void The_manifest_tells_what_was_built()
    {
        using var built = new Built(TinyModels.ConvNet(), Options);
        var manifest = built.Manifest;
        Assert.AreEqual(("model.onnx", 21, 2, 1, false), (manifest.Model, manifest.Opset, manifest.Averages, manifest.ClassAxis, manifest.Accumulate));
        Assert.AreEqual("x Float32 2 1 8 8", $"{manifest.Inputs[0].Name} {manifest.Inputs[0].Type} {string.Join(' ', manifest.Inputs[0].Shape)}");
        Assert.AreEqual("sema.target Int64 2", $"{manifest.Target.Name} {manifest.Target.Type} {string.Join(' ', manifest.Target.Shape)}");
        Assert.AreEqual("moment1 moment2", string.Join(' ', manifest.Slots));
        Assert.AreEqual("mean", manifest.Statistics.Single().Mean);
        Assert.AreEqual("eval.onnx training.onnx update.onnx weights.bin", string.Join(' ', manifest.Digests.Keys.Order(StringComparer.Ordinal)));
        foreach (var (name, digest) in manifest.Digests)
            Assert.AreEqual(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(built.File(name)))), digest, name);
    }

    [TestMethod]
    [DataRow(ArtifactFolder.Training)]
    [DataRow(ArtifactFolder.Eval)]
    [DataRow(ArtifactFolder.Update)]
    [DataRow(ArtifactFolder.Weights)]
    public void A_file_that_changed_is_refused(string name)
    {
        using var built = new Built(TinyModels.ConvNet(), Options);
        var bytes = File.ReadAllBytes(built.File(name));
        bytes[^1] ^= 1;
        File.WriteAllBytes(built.File(name), bytes);
        var error = Assert.ThrowsExactly<InvalidModelException>(() => Engine.Open(built.Folder, new Sgd(), new SessionSettings()));
        StringAssert.Contains(error.Message, name, StringComparison.Ordinal);

        File.Delete(built.File(name));
        error = Assert.ThrowsExactly<InvalidModelException>(() => Engine.Open(built.Folder, new Sgd(), new SessionSettings()));
        StringAssert.Contains(error.Message, "missing", StringComparison.Ordinal);
    }

    [TestMethod]
    [DataRow("\"length\": ", "\"length\": 99999999", "claims")]
    [DataRow("\"start\": 0", "\"start\": 64", "outside their group")]
    [DataRow("\"offset\": 0,", "\"offset\": 64,", "where others are")]
    [DataRow("\"group\": \"decay\"", "\"group\": \"other\"", "outside their group")]
    [DataRow("\"class_axis\": 1", "\"class_axis\": 77", "other inputs or classes")]
    [DataRow("\"name\": \"x\"", "\"name\": \"z\"", "other inputs or classes")]
    [DataRow("\"layout\"", "\"lay\"", "missing or damaged")]
    [DataRow("\"format\": 3", "\"format\": 2", "version 2")]
    public void A_manifest_that_lies_is_refused_before_anything_is_allocated(string old, string by, string reason)
    {
        using var built = new Built(TinyModels.ConvNet(), Options);
        var path = built.File(ArtifactFolder.ManifestFile);
        File.WriteAllText(path, File.ReadAllText(path).Replace(old, by, StringComparison.Ordinal));
        var error = Assert.ThrowsExactly<InvalidModelException>(() => Engine.Open(built.Folder, Options.Optimizer, new SessionSettings()));
        StringAssert.Contains(error.Message, reason, StringComparison.Ordinal);
    }

    // ONNX Runtime infers no sizes behind a kernel; the training accuracy needs those of the logits.
    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void A_step_hands_out_its_logits(bool kernels)
    {
        using var built = new Built(TinyModels.ConvNet(), Options);
        using var engine = Engine.Open(built.Folder, Options.Optimizer, new SessionSettings { Kernels = kernels });
        engine.ComputeGradients();
        Assert.AreEqual(built.Manifest.Prediction.Shape.Aggregate(1L, (count, size) => count * size), engine.Logits.Length);
    }

    [TestMethod]
    public void Equal_models_give_equal_bytes()
    {
        using var one = new Built(TinyModels.ConvNet(), Options);
        using var two = new Built(TinyModels.ConvNet(), Options);
        foreach (var name in Directory.GetFiles(one.Folder).Select(Path.GetFileName))
            CollectionAssert.AreEqual(File.ReadAllBytes(one.File(name!)), File.ReadAllBytes(two.File(name!)), name);
    }

    [TestMethod]
    public void Large_constants_stand_in_the_data_file_once()
    {
        using var built = new Built(TinyModels.Mlp(end: y => y + TinyModels.Weight(y.Graph, "frozen", 100, 3).Mean([0], keep: true)), Options with { Freeze = ["frozen"] }, TinyModels.Features);
        Assert.AreEqual("b1 b2 w1 w2", string.Join(' ', built.Manifest.Layout.Parameters.Select(p => p.Name).Order(StringComparer.Ordinal)));
        // The parameters; 100 · 3 · 4 bytes, which reach to the fifth boundary of 256; and as many zeros as parameters.
        Assert.AreEqual(2 * built.Manifest.Layout.Length * sizeof(float) + 1280, new FileInfo(built.File(ArtifactFolder.Weights)).Length);
    }

    [TestMethod]
    public void Zeros_are_kept_only_where_something_starts_from_them()
    {
        using var sgd = new Built(TinyModels.Mlp(), Options with { Optimizer = new Sgd() }, TinyModels.Features);
        using var accumulating = new Built(TinyModels.Mlp(), Options with { Optimizer = new Sgd(), Accumulate = true }, TinyModels.Features);
        Assert.AreEqual(sgd.Manifest.Layout.Length * sizeof(float), new FileInfo(sgd.File(ArtifactFolder.Weights)).Length);
        Assert.AreEqual(2 * sgd.Manifest.Layout.Length * sizeof(float), new FileInfo(accumulating.File(ArtifactFolder.Weights)).Length);
    }

    [TestMethod]
    public void Weights_in_a_data_file_give_the_same_training_graphs()
    {
        using var folder = new TemporaryFolder();
        var inline = LargeModel.Build().Save(folder);
        var external = LargeModel.SaveWithData(folder);
        foreach (var (model, name) in new[] { (inline, "a"), (external, "b") })
            ArtifactBuilder.Build(model, Path.Combine(folder.Path, name), Options, [2, LargeModel.Features]);
        foreach (var name in new[] { ArtifactFolder.Training, ArtifactFolder.Eval, ArtifactFolder.Update, ArtifactFolder.Weights })
            CollectionAssert.AreEqual(File.ReadAllBytes(Path.Combine(folder.Path, "a", name)), File.ReadAllBytes(Path.Combine(folder.Path, "b", name)), name);
    }

    [TestMethod]
    public void Constants_of_one_name_and_another_content_are_kept_apart()
    {
        using var folder = new TemporaryFolder();
        var graphs = ArtifactBuilder.Compose(TinyModels.Mlp().Save(folder), Options, graph => Composer.OneShape(graph, [2, TinyModels.Features]), null);
        foreach (var (model, value) in new[] { (graphs.Training, 1f), (graphs.Eval, 2f) })
        {
            var constant = model.Graph.AddInitializer("table", Tensor.Floats([100], [.. Enumerable.Repeat(value, 100)]));
            model.Graph.Outputs.Add(model.Graph.Renamed(constant.Identity(), "shown"));
        }

        var path = Path.Combine(folder.Path, "artifacts");
        ArtifactFolder.Write(graphs, Options, "model.onnx", path);
        Assert.AreEqual(1f, ModelReader.Read(Path.Combine(path, ArtifactFolder.Training)).Graph.Find("table")!.Initializer!.As<float>()[99]);
        Assert.AreEqual(2f, ModelReader.Read(Path.Combine(path, ArtifactFolder.Eval)).Graph.Find("table")!.Initializer!.As<float>()[99]);
    }

    [TestMethod]
    public void A_folder_that_is_not_empty_is_left_alone()
    {
        using var folder = new TemporaryFolder();
        var model = TinyModels.Mlp().Save(folder);
        Assert.ThrowsExactly<IOException>(() => ArtifactBuilder.Build(model, folder.Path, Options, [2, TinyModels.Features]));
        Assert.HasCount(1, Directory.GetFileSystemEntries(folder.Path));
    }

    [TestMethod]
    public void A_model_that_is_refused_leaves_no_folder()
    {
        using var folder = new TemporaryFolder();
        var model = TinyModels.Mlp().Save(folder);
        Assert.ThrowsExactly<InvalidModelException>(() => ArtifactBuilder.Build(model, Path.Combine(folder.Path, "artifacts"), Options, [2, 9]));
        Assert.HasCount(1, Directory.GetFileSystemEntries(folder.Path));
    }

    [TestMethod]
    public void A_folder_that_is_no_artifacts_is_refused()
    {
        using var folder = new TemporaryFolder();
        Assert.ThrowsExactly<InvalidModelException>(() => Manifest.Read(folder.Path));
        File.WriteAllText(Path.Combine(folder.Path, ArtifactFolder.ManifestFile), "{ \"format\": 2 }");
        Assert.ThrowsExactly<InvalidModelException>(() => Manifest.Read(folder.Path));
        File.WriteAllText(Path.Combine(folder.Path, ArtifactFolder.ManifestFile), "{");
        Assert.ThrowsExactly<InvalidModelException>(() => Manifest.Read(folder.Path));
    }

    private static Dictionary<string, HostTensor> Batch() => new()
    {
        ["x"] = HostTensor.Of<float>(TestModels.Random(1, 2 * 64), 2, 1, 8, 8),
        [TrainingGraphs.TargetName] = HostTensor.Of<long>([2, 0], 2),
    };

    private static Dictionary<string, HostTensor> Scalars() => new()
    {
        [UpdateGraph.LearningRate] = HostTensor.Scalar(0.5),
        [UpdateGraph.WeightDecay] = HostTensor.Scalar(0.1),
        [UpdateGraph.GradientScale] = HostTensor.Scalar(1.0),
        [UpdateGraph.Step] = HostTensor.Scalar(1.0),
        [UpdateGraph.Decay(0)] = HostTensor.Scalar(0.25),
        [UpdateGraph.Decay(1)] = HostTensor.Scalar(0.5),
    };

    /// <summary>A folder of training graphs of a model.</summary>
    private sealed class Built : IDisposable
    {
        private readonly TemporaryFolder _folder = new();

        internal Built(Model model, CompositionOptions options, params long[] input)
        {
            Model = model.Save(_folder);
            ArtifactBuilder.Build(Model, Folder, options, [2, .. input is [] ? [1, 8, 8] : input]);
        }

        internal string Model { get; }

        internal string Folder => Path.Combine(_folder.Path, "artifacts");

        internal Manifest Manifest => Manifest.Read(Folder);

        internal string File(string name) => Path.Combine(Folder, name);

        /// <summary>The flat vector of the weights, from an element on.</summary>
        internal float[] Vector(long offset)
        {
            var bytes = System.IO.File.ReadAllBytes(File(ArtifactFolder.Weights));
            return System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(bytes.AsSpan(0, (int)Manifest.Layout.Length * sizeof(float)))[(int)offset..].ToArray();
        }

        public void Dispose() => _folder.Dispose();
    }
}
