using System.Runtime.InteropServices;
using System.Text.Json;
using Sema.Onnx.Data;
using Sema.Onnx.Data.Formats;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Losses;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Graphs.Serialization;

namespace Sema.Onnx.Verification;

/// <summary>
/// y = relu(x W + 1 − 1) V with x = [1], and W₀ = 2⁻³⁰: float32 rounds W₀ + 1 to 1, so that the ReLU's input is 0 and its
/// gradient too; float64 sees 2⁻³⁰ and lets the gradient through.
/// </summary>
[TestClass]
public sealed class VerifierPrecisionTests
{
    private const int Hidden = 16;

    private const double LearningRate = 1e-4, Target = 3;

    [TestMethod]
    public void Float32_is_enough_where_no_kink_is_met()
    {
        var report = Verify(new() { W0 = 0.5f });

        Assert.IsTrue(report.Passed, report.ToJson());
        Assert.IsNull(report.Grad.Precision);
        Assert.AreEqual("max worst", Fields(report, "grad"));
    }

    [TestMethod]
    public void Float64_decides_where_float32_takes_the_other_side_of_a_kink()
    {
        var report = Verify(new());

        Assert.IsTrue(report.Passed, report.ToJson());
        Assert.AreEqual("float64", report.Grad.Precision);
        Assert.IsLessThan(1e-7, report.Grad.Max);
        Assert.IsInRange(1e-3, 1e-2, report.Grad.Float32!.Max);
        Assert.AreEqual("W", report.Grad.Float32.Worst);
        Assert.AreEqual("max precision float32", Fields(report, "grad")); // equal to the last bit: no tensor is worst
    }

    [TestMethod]
    public void A_flip_too_large_for_a_kink_fails_though_float64_agrees()
    {
        var report = Verify(new() { V0 = 1 });

        Assert.IsFalse(report.Passed);
        Assert.IsLessThan(1e-7, report.Grad.Max);
        Assert.IsGreaterThan(Verifier.FlipBound, report.Grad.Float32!.Max);
    }

    [TestMethod]
    [DataRow("W")]
    [DataRow("V")]
    public void A_reference_with_another_gradient_fails_in_float64_as_well(string name)
    {
        var report = Verify(new() { Wrong = name });

        Assert.IsFalse(report.Passed);
        Assert.AreEqual("float64", report.Grad.Precision);
        Assert.AreEqual(name, report.Grad.Worst);
        Assert.AreEqual(0.01 / 1.01, report.Grad.Max, 1e-6);
    }

    [TestMethod]
    public void An_operator_that_float64_lacks_leaves_the_judgement_to_float32_and_says_so()
    {
        var report = Verify(new() { HasHardmax = true });

        Assert.IsFalse(report.Passed);
        Assert.IsNull(report.Grad.Precision);
        Assert.Contains("Hardmax", report.Grad.Float64Refused!);
        Assert.AreEqual("max worst float64Refused", Fields(report, "grad"));
    }

    private static string Fields(VerificationReport report, string part) =>
        string.Join(' ', JsonDocument.Parse(report.ToJson()).RootElement.GetProperty(part).EnumerateObject().Select(p => p.Name));

    private static VerificationReport Verify(Scene scene)
    {
        using var folder = new TemporaryFolder();
        float[] w = [.. Enumerable.Range(0, Hidden).Select(i => i == 0 ? scene.W0 : 0.25f + i / 32f)];
        float[] v = [.. Enumerable.Range(0, Hidden).Select(i => i == 0 ? scene.V0 : 1)];
        var model = folder.Write("kink.onnx", Model(w, v, scene.HasHardmax));

        // h = relu(W), y = h·V, L = (y − t)²:  dy = 2 (y − t),  dV = h dy,  dW = V dy (every h is positive)
        var y = w.Zip(v, (p, q) => (double)p * q).Sum();
        var dY = 2 * (y - Target);
        double[] dW = [.. v.Select(e => e * dY)], dV = [.. w.Select(e => e * dY)];
        double[] finalW = [.. w.Zip(dW, (e, g) => e - LearningRate * g)], finalV = [.. v.Zip(dV, (e, g) => e - LearningRate * g)];
        var reference = folder.WriteZip("reference.npz",
            ("input.npy", Floats("(1, 1, 1)", 1)), ("target.npy", Floats("(1, 1, 1)", Target)), ("loss.npy", Floats("(1,)", (y - Target) * (y - Target))),
            ("grad/W.npy", Floats("(1, 16)", Told("W", dW))), ("grad/V.npy", Floats("(16, 1)", Told("V", dV))),
            ("final/W.npy", Floats("(1, 16)", finalW)), ("final/V.npy", Floats("(16, 1)", finalV)));
        return Verifier.Verify(model, reference, new() { Loss = new MeanSquaredErrorLoss(), Optimizer = new Sgd(), LearningRate = LearningRate, Threads = 1 });

        double[] Told(string name, double[] gradient) => scene.Wrong == name ? [.. gradient.Select(g => g * 1.01)] : gradient;
    }

    private static byte[] Floats(string shape, params double[] values) => Npy.File("<f8", shape, MemoryMarshal.AsBytes<double>(values).ToArray());

    private static byte[] Model(float[] w, float[] v, bool hasHardmax)
    {
        var graph = new Graph("kink");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(1, 1));
        x = hasHardmax ? x + graph.Emit("Hardmax", [x]) - 1 : x;
        x.Shape = Shape.Of(1, 1);
        var h = x.MatMul(graph.AddInitializer("W", Tensor.Floats([1, Hidden], w))) + 1 - 1;
        var y = graph.Emit("Relu", [h]).MatMul(graph.AddInitializer("V", Tensor.Floats([Hidden, 1], v)));
        y.Shape = Shape.Of(1, 1);
        graph.Outputs.Add(graph.Renamed(y, "y"));
        return ModelWriter.Write(new Model(graph) { Opsets = { [""] = Graphs.Model.Opset } });
    }

    /// <summary>
    /// What a test changes: the weight at the kink, the weight behind it, the tensor whose gradient the reference has wrong by 1 %,
    /// whether there is a Hardmax (of one element: 1), which ONNX Runtime does not compute in float64.
    /// </summary>
    private sealed record Scene
    {
        internal float W0 { get; init; } = 1f / (1 << 30);

        internal float V0 { get; init; } = 0.03f;

        internal string? Wrong { get; init; }

        internal bool HasHardmax { get; init; }
    }
}
