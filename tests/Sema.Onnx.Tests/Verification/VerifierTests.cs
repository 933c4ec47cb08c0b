using System.IO.Compression;
using System.Runtime.InteropServices;
using Sema.Onnx.Data;
using Sema.Onnx.Data.Formats;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Training;

namespace Sema.Onnx.Verification;

[TestClass]
public sealed class VerifierTests
{
    private static string Fixtures => Path.Combine(AppContext.BaseDirectory, "Fixtures");

    /// <summary>Every recorded trajectory: the list comes from the folder, so a new file is a new test.</summary>
    public static IEnumerable<object[]> References =>
        Directory.GetFiles(Fixtures, "*.npz").Select(Path.GetFileName).Order(StringComparer.Ordinal).Select(file => new object[] { file! });

    public TestContext TestContext { get; set; } = null!;

    [TestMethod, DynamicData(nameof(References))]
    public void Trajectory_of_PyTorch_is_followed(string reference)
    {
        var report = Verifier.Verify(Model(reference), Path.Combine(Fixtures, reference), Options(reference));
        TestContext.WriteLine(report.ToJson());
        Assert.IsTrue(report.Passed, report.ToJson());
        Assert.AreEqual(IsLong(reference) ? 50 : 4, report.Steps);
        // The bounds written out: Passed must not mean anything weaker. The long ones are smooth models, so that rounding stays rounding.
        var moved = IsLong(reference) ? 1e-5 : Options(reference).Optimizer is Sgd ? 1e-4 : 1e-3;
        Assert.IsLessThan(1e-4, report.Loss.Max);
        Assert.IsLessThan(1e-4, report.Grad.Max);
        Assert.IsLessThan(moved, report.Final.Max);
        Assert.IsLessThan(moved, report.Ema!.Max);
    }

    [TestMethod]
    public void All_models_and_optimizers_are_there() => Assert.HasCount(38, References.ToList());

    [TestMethod]
    [DataRow("grad/0.weight")]
    [DataRow("final/4.bias")]
    [DataRow("ema/2.weight")]
    [DataRow("loss")]
    public void A_reference_that_is_one_percent_off_fails(string array)
    {
        using var folder = new TemporaryFolder();
        var reference = Changed(folder, "mlp.sgd.npz", array, 1.01);
        var report = Verifier.Verify(Model("mlp.sgd.npz"), reference, Options("mlp.sgd.npz"));
        Assert.IsFalse(report.Passed, report.ToJson());
        var deviation = array.Split('/')[0] switch { "grad" => report.Grad, "final" => report.Final, "ema" => report.Ema!, _ => report.Loss };
        // |1 - 1.01| / 1.01
        Assert.AreEqual(0.01 / 1.01, deviation.Max, 1e-3);
        if (array.Contains('/', StringComparison.Ordinal))
            Assert.AreEqual(array.Split('/')[1], deviation.Worst);
    }

    [TestMethod]
    public void Another_optimizer_than_the_recorded_one_fails() =>
        Assert.IsFalse(Verifier.Verify(Model("mlp.sgd.npz"), Path.Combine(Fixtures, "mlp.sgd.npz"), Options("mlp.momentum.npz")).Passed);

    [TestMethod]
    public void Averages_without_the_switch_fail() => Assert.IsFalse(
        Verifier.Verify(Model("mlp.sgd.npz"), Path.Combine(Fixtures, "mlp.sgd.npz"), Options("mlp.sgd.npz") with { SwitchEvery = null }).Passed);

    [TestMethod]
    public void Frozen_statistics_where_the_batchs_were_recorded_fail() => Assert.IsFalse(Verifier.Verify(
        Model("convnet.sgd.npz"), Path.Combine(Fixtures, "convnet.sgd.train.npz"), Options("convnet.sgd.npz")).Passed);

    [TestMethod]
    public void A_tolerance_that_is_given_holds_for_all() => Assert.IsFalse(
        Verifier.Verify(Model("mlp.sgd.npz"), Path.Combine(Fixtures, "mlp.sgd.npz"), Options("mlp.sgd.npz") with { Tolerance = 1e-12 }).Passed);

    [TestMethod]
    public void A_reference_of_another_model_is_refused()
    {
        using var folder = new TemporaryFolder();
        var reference = Edited(folder, "mlp.sgd.npz", "grad/0.weight", "grad/9.weight", _ => { });
        var error = Assert.ThrowsExactly<DataException>(() => Verifier.Verify(Model(reference), reference, Options("mlp.sgd.npz")));
        StringAssert.Contains(error.Message, "9.weight", StringComparison.Ordinal);
    }

    [TestMethod]
    public void A_reference_without_its_batches_is_refused()
    {
        using var folder = new TemporaryFolder();
        var reference = Edited(folder, "mlp.sgd.npz", "input", "inputs", _ => { });
        var error = Assert.ThrowsExactly<DataException>(() => Verifier.Verify(Model(reference), reference, Options("mlp.sgd.npz")));
        StringAssert.Contains(error.Message, "'input'", StringComparison.Ordinal);
    }

    [TestMethod]
    [DataRow(1, true)]
    [DataRow(1.01, false)]
    public void A_recording_of_several_inputs_is_followed(double off, bool passes)
    {
        // y = a·w·scale + b, loss = mean (y − target)²: dw = mean 2 (y − target)·a·scale. Two steps of SGD, by hand.
        using var folder = new TemporaryFolder();
        var graph = new Graph("line");
        Value Rows(string name) => graph.AddInput(name, ElementType.Float32, TinyModels.Batched("batch", 1));
        var y = Rows("a") * graph.AddInitializer("w", Tensor.Floats([1, 1], [0.5f])) * graph.AddInput("scale", ElementType.Float32, new Shape()) + Rows("b:0");
        var model = TinyModels.Finish(graph, y, TinyModels.Batched("batch", 1)).Save(folder);

        double[] a = [1, 2, 3, 4], b = [0.5, -1, 0.25, 2], target = [1, 0, -1, 3];
        double w = 0.5, rate = 0.01, scale = 2;
        List<double> losses = [], gradients = [];
        for (var step = 0; step < 2; step++)
        {
            var errors = Enumerable.Range(2 * step, 2).Select(n => (a[n], Error: (a[n] * w * scale) + b[n] - target[n])).ToList();
            losses.Add(errors.Average(e => e.Error * e.Error));
            gradients.Add(errors.Average(e => 2 * e.Error * e.Item1 * scale));
            w -= rate * gradients[^1];
        }

        var reference = folder.WriteZip("line.npz", ("a.npy", Steps(a)), ("b_0.npy", Steps(b)), ("target.npy", Steps(target)),
            ("scale.npy", Npy.File("<f8", "()", SampleBytes.Bytes(scale))), ("loss.npy", Npy.File("<f8", "(2,)", SampleBytes.Bytes(losses.ToArray()))),
            ("grad/w.npy", Npy.File("<f8", "(1, 1)", SampleBytes.Bytes(gradients[0] * off))), ("final/w.npy", Npy.File("<f8", "(1, 1)", SampleBytes.Bytes(w))));
        var report = Verifier.Verify(model, reference, new() { Optimizer = new Sgd(), LearningRate = rate, Loss = new Graphs.Losses.MeanSquaredErrorLoss() });

        Assert.AreEqual(passes, report.Passed, report.ToJson());
        Assert.IsLessThan(1e-6, report.Final.Max);
        Assert.AreEqual(passes ? null : "float64", report.Grad.Precision);

        static byte[] Steps(double[] values) => Npy.File("<f8", "(2, 2, 1)", SampleBytes.Bytes(values));
    }

    private static bool IsLong(string reference) => reference.Split('.')[1] is "adagrad" or "rmsprop" or "nadam" or "radam";

    private static string Model(string reference) => Path.Combine(Fixtures, Path.GetFileName(reference).Split('.')[0] + ".onnx");

    // Written out from make_fixtures.py.
    private static VerificationOptions Options(string reference) => new()
    {
        Optimizer = reference.Split('.')[1] switch
        {
            "sgd" => new Sgd { WeightDecay = 0.01 },
            "momentum" => new Sgd { WeightDecay = 0.01, Momentum = 0.9 },
            "nesterov" => new Sgd { WeightDecay = 0.01, Momentum = 0.9, Nesterov = true },
            "adam" => new Adam { WeightDecay = 0.01 },
            "adamw" => new AdamW { WeightDecay = 0.01 },
            "adagrad" => new Adagrad { WeightDecay = 0.01 },
            "rmsprop" => new RmsProp { WeightDecay = 0.01 },
            "nadam" => new NAdam { WeightDecay = 0.01 },
            "radam" => new RAdam { WeightDecay = 0.01 },
            var other => throw new NotSupportedException(other),
        },
        LearningRate = IsLong(reference) || reference.Contains("adam", StringComparison.Ordinal) ? 1e-3 : 0.05,
        EmaDecay = 0.9,
        SwitchEvery = 3,
        BatchNormalization = reference.Contains(".train.", StringComparison.Ordinal) ? BatchNormalizationMode.Train : BatchNormalizationMode.Frozen,
    };

    private static string Changed(TemporaryFolder folder, string reference, string array, double factor) => Edited(folder, reference, array, array, data =>
    {
        if (array == "loss")
        {
            foreach (ref var x in MemoryMarshal.Cast<byte, double>(data))
                x *= factor;
        }
        else
        {
            foreach (ref var x in MemoryMarshal.Cast<byte, float>(data))
                x *= (float)factor;
        }
    });

    // A copy of a reference in which one array has another name or other bytes.
    private static string Edited(TemporaryFolder folder, string reference, string array, string name, Action<Span<byte>> edit)
    {
        var copy = Path.Combine(folder.Path, reference);
        File.Copy(Path.Combine(Fixtures, reference), copy);
        using var archive = ZipFile.Open(copy, ZipArchiveMode.Update);
        var entry = archive.GetEntry($"{array}.npy")!;
        using var content = new MemoryStream();
        using (var stream = entry.Open())
            stream.CopyTo(content);
        entry.Delete();
        // A .npy file of version 1 begins with 8 bytes and the length of the header that follows.
        var bytes = content.ToArray();
        edit(bytes.AsSpan(10 + BitConverter.ToUInt16(bytes, 8)));
        using var written = archive.CreateEntry($"{name}.npy").Open();
        written.Write(bytes);
        return copy;
    }
}
