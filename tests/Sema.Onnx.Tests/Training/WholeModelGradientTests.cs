using Sema.Onnx.Artifacts;
using Sema.Onnx.Data;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Training;

/// <summary>The gradient of a whole model against central differences of its loss, along the gradient itself.</summary>
[TestClass]
public sealed class WholeModelGradientTests
{
    public static IEnumerable<object[]> Models =>
    [
        ["samples/mnist-cnn.onnx", new long[] { 8, 1, 28, 28 }],                                  // convolutions with biases, no normalisation: as folded models are
        ["tests/Sema.Onnx.Tests/Fixtures/convnet.onnx", Fixture("convnet.sgd.npz")],
        ["tests/Sema.Onnx.Tests/Fixtures/mobile.onnx", Fixture("mobile.sgd.npz")],
        ["tests/Sema.Onnx.Tests/Fixtures/mlp.onnx", Fixture("mlp.sgd.npz")],
        ["tests/Sema.Onnx.Tests/Fixtures/recurrent.onnx", Fixture("recurrent.sgd.npz")],
    ];

    // With g the gradient, the loss changes by ‖g‖ a unit of length along g/‖g‖. The smallest of a few steps' errors counts: a
    // longer step crosses more kinks, a shorter one drowns in float32's rounding.
    [TestMethod]
    [DynamicData(nameof(Models))]
    public void Agrees_with_central_differences(string model, long[] input) =>
        Assert.IsLessThan(2e-3, Error(Path.Combine(Repository.Root, model), new CompositionOptions(), input), model);

    [TestMethod]
    [DataRow(ElementType.Int8, true)]
    [DataRow(ElementType.UInt8, false)]
    public void Agrees_with_central_differences_of_smooth_quantisation(ElementType type, bool perChannel)
    {
        using var folder = new TemporaryFolder();
        Assert.IsLessThan(2e-3, Error(Export.StoredModels.Quantized(type, perChannel).Save(folder), new CompositionOptions { SmoothQuantization = true }, [8, TinyModels.Features]));
    }

    private static double Error(string model, CompositionOptions options, long[] input)
    {
        using var folder = new TemporaryFolder();
        var artifacts = Path.Combine(folder.Path, "artifacts");
        ArtifactBuilder.Build(model, artifacts, options, input);
        using var engine = Engine.Open(artifacts, new Sgd(), new SessionSettings { Threads = 1 });
        Fill(engine);
        engine.ComputeGradients();
        float[] weights = Read(engine.Weights), gradient = Read(engine.Gradients);
        var norm = Math.Sqrt(gradient.Sum(g => (double)g * g));

        return new[] { 1e-2, 3e-3, 1e-3 }.Select(h => Math.Abs(((At(h) - At(-h)) / (2 * h)) - norm) / norm).Min();

        double At(double step)
        {
            engine.Weights.CopyFrom<float>([.. weights.Zip(gradient, (w, g) => (float)(w + (step * g / norm)))]);
            return engine.ComputeGradients().Loss;
        }
    }

    private static void Fill(Engine engine)
    {
        var random = new Random(20240209);
        foreach (ref var x in System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(engine.Inputs[engine.Manifest.Inputs[0].Name]))
            x = random.NextSingle() * 2 - 1;
        var classes = (int)engine.Manifest.Prediction.Shape[engine.Manifest.ClassAxis];
        foreach (ref var label in System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(engine.Target))
            label = random.Next(classes);
    }

    private static float[] Read(Arena arena)
    {
        var values = new float[arena.Length];
        arena.CopyTo<float>(values);
        return values;
    }

    // The sizes of a recorded batch.
    private static long[] Fixture(string reference) =>
        [.. Data.Formats.NpzFiles.ReadAll(Path.Combine(Repository.Root, "tests/Sema.Onnx.Tests/Fixtures", reference))["input"].Sample.Shape.Select(s => (long)s)];
}
