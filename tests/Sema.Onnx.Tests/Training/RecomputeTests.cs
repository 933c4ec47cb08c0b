using System.Runtime.InteropServices;
using System.Text.Json;
using Sema.Onnx.Artifacts;
using Sema.Onnx.Data;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Training;

/// <summary>Whole models with and without activations that are computed again.</summary>
[TestClass]
public sealed class RecomputeTests
{
    private const int Words = 9;

    [TestMethod]
    [DataRow("convnet", BatchNormalizationMode.Train, new long[] { 512, 1, 6, 6 })]
    [DataRow("convnet", BatchNormalizationMode.Frozen, new long[] { 512, 1, 6, 6 })]
    [DataRow("mobile", BatchNormalizationMode.Frozen, new long[] { 256, 2, 8, 8 })]
    [DataRow("transformer", BatchNormalizationMode.Frozen, new long[] { 1024, 5 })]
    public void Gradients_have_the_same_bits(string model, BatchNormalizationMode normalization, long[] input)
    {
        using var folder = new TemporaryFolder();
        string kept = Artifacts(folder, model, normalization, input, recompute: false), again = Artifacts(folder, model, normalization, input, recompute: true);
        Assert.IsTrue(Manifest.Read(again).Recompute);
        Assert.IsFalse(Manifest.Read(kept).Recompute);
        Assert.IsNotEmpty(Copies(again));
        foreach (var kernels in new[] { true, false })
            CollectionAssert.AreEqual(Gradient(kept, new() { Kernels = kernels, Threads = 2 }), Gradient(again, new() { Kernels = kernels, Threads = 2 }), $"kernels {kernels}");
    }

    // ONNX Runtime chooses its own order; a copy made early would save nothing.
    [TestMethod]
    public void Copies_are_made_in_the_backward_half()
    {
        using var folder = new TemporaryFolder();
        var artifacts = Artifacts(folder, "convnet", BatchNormalizationMode.Train, [512, 1, 6, 6], recompute: true);
        Gradient(artifacts, new() { Threads = 1, Profile = Path.Combine(folder.Path, "profile") });
        using var profile = JsonDocument.Parse(File.ReadAllBytes(Directory.GetFiles(folder.Path, "profile*").Single()));
        var order = profile.RootElement.EnumerateArray().Where(e => e.GetProperty("cat").GetString() == "Node").Select(e => e.GetProperty("args").GetProperty("op_name").GetString()).ToList();

        var copies = order.Index().Where(o => o.Item == "After").Select(o => o.Index).ToList();
        Assert.HasCount(Copies(artifacts).Count, copies);
        Assert.IsGreaterThan(order.IndexOf("CrossEntropyGrad"), copies[0]);
        var first = order.FindIndex(o => o is "ConvWeightGrad" or "MaxPoolGrad");
        Assert.IsGreaterThan(first, copies[^1], "The first layer's copy waits for the gradients of the layers behind it.");
    }

    private static string Artifacts(TemporaryFolder folder, string model, BatchNormalizationMode normalization, long[] input, bool recompute)
    {
        var artifacts = Path.Combine(folder.Path, $"recompute-{recompute}");
        ArtifactBuilder.Build(Path.Combine(Repository.Root, $"tests/Sema.Onnx.Tests/Fixtures/{model}.onnx"), artifacts,
            new() { BatchNormalization = normalization, Optimizer = new Sgd(), Recompute = recompute }, input);
        return artifacts;
    }

    private static List<Node> Copies(string artifacts) =>
        ModelReader.Read(Path.Combine(artifacts, ArtifactFolder.Training)).Graph.Nodes.FindAll(n => n.QualifiedType == "com.sema.After");

    private static float[] Gradient(string artifacts, SessionSettings settings)
    {
        using var engine = Engine.Open(artifacts, new Sgd(), settings);
        var random = new Random(20261122);
        var input = engine.Manifest.Inputs[0];
        if (input.Type == ElementType.Int64)
            Labels(engine.Inputs[input.Name], Words);
        else
            Numbers(engine.Inputs[input.Name]);
        Labels(engine.Target, engine.Classes);
        engine.ComputeGradients();
        var gradient = new float[engine.Gradients.Length];
        engine.Gradients.CopyTo<float>(gradient);
        Assert.IsTrue(Array.Exists(gradient, g => g != 0));
        return gradient;

        void Numbers(Span<byte> span)
        {
            foreach (ref var x in MemoryMarshal.Cast<byte, float>(span))
                x = random.NextSingle() * 2 - 1;
        }

        void Labels(Span<byte> span, int bound)
        {
            foreach (ref var label in MemoryMarshal.Cast<byte, long>(span))
                label = random.Next(bound);
        }
    }
}
