using System.Runtime.Intrinsics;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Functions;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Each kernel against the body of the function that defines it.</summary>
[TestClass]
public sealed class KernelTests
{
    private const double Tolerance = 1e-5;

    internal static readonly Dictionary<string, KernelCase[]> Cases =
        new[]
        {
            ActivationKernelCases.Table, ConvolutionKernelCases.Table, LossKernelCases.Table, NormalizationKernelCases.Table, PoolingKernelCases.Table,
            RecurrentKernelCases.Table, OrderKernelCases.Table, AttentionKernelCases.Table, MatrixKernelCases.Table,
        }.SelectMany(t => t).ToDictionary();

    public static IEnumerable<object[]> Names => KernelTable.All.Select(k => new object[] { k.Name });

    [TestMethod]
    public void Every_kernel_has_cases_and_no_other() =>
        CollectionAssert.AreEquivalent(KernelTable.All.Select(k => k.Name).ToList(), Cases.Keys.ToList());

    [TestMethod]
    public void Every_kernel_has_the_inputs_and_outputs_of_its_function()
    {
        foreach (var kernel in KernelTable.All)
        {
            var function = SemaFunctions.All.Single(f => f.Name == kernel.Name);
            Assert.HasCount(function.Body.Inputs.Count, kernel.Inputs, kernel.Name);
            Assert.HasCount(function.Body.Outputs.Count, kernel.Outputs, kernel.Name);
        }
    }

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void A_kernel_computes_what_its_function_does(string name)
    {
        foreach (var (number, tried) in Cases[name].Index())
        {
            Compare(name, tried, new Random(number), Tolerance, $"{name}, case {number}");
        }
    }

    // Holds a kernel against the body.
    internal static void Compare(string name, KernelCase tried, Random random, double tolerance, string label)
    {
        var inputs = tried.Inputs.Select((make, i) => (Name: $"x{i}", Tensor: make(random))).ToDictionary(x => x.Name, x => x.Tensor);
        label += $", inputs {string.Join(" ", inputs.Values.Select(i => $"[{string.Join(", ", i.Shape.ToArray())}]"))}";
        var model = Model(name, tried, inputs);
        using var bodies = new Session(model, new() { Kernels = false });
        using var kernels = new Session(model, new() { Threads = 2 });
        var expected = ModelRunner.Run(bodies, inputs);
        var actual = ModelRunner.Run(kernels, inputs);
        foreach (var output in expected.Keys)
        {
            CollectionAssert.AreEqual(expected[output].Shape.ToArray(), actual[output].Shape.ToArray(), $"{label}, {output}");
            if (expected[output].Type == ElementType.Int64)
                CollectionAssert.AreEqual(expected[output].As<long>().ToArray(), actual[output].As<long>().ToArray(), $"{label}, {output}");
            else
                Assert.IsLessThanOrEqualTo(tolerance, Distance(actual[output].As<float>(), expected[output].As<float>()), $"{label}, {output}");
        }
    }

    // The kernels are tried again with instructions switched off; this says that they are off then.
    [TestMethod]
    public void Instructions_that_are_switched_off_are_not_used()
    {
        if (Off("DOTNET_EnableAVX512") || Off("DOTNET_EnableAVX2") || Off("DOTNET_EnableHWIntrinsic"))
            Assert.IsFalse(Vector512.IsHardwareAccelerated);
        if (Off("DOTNET_EnableAVX2") || Off("DOTNET_EnableHWIntrinsic"))
            Assert.IsFalse(Vector256.IsHardwareAccelerated);

        static bool Off(string name) => Environment.GetEnvironmentVariable(name) == "0";
    }

    // The largest difference, relative to the root mean square; NaN is NaN.
    internal static double Distance(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        double largest = 0, squares = 0;
        for (var i = 0; i < expected.Length; i++)
        {
            if (float.IsNaN(actual[i]) && float.IsNaN(expected[i]))
                continue;
            largest = Math.Max(largest, Math.Abs(actual[i] - expected[i]));
            squares += (double)expected[i] * expected[i];
            if (!float.IsFinite(actual[i]))
                return double.PositiveInfinity;
        }

        return largest / Math.Max(Math.Sqrt(squares / Math.Max(expected.Length, 1)), 1e-6);
    }

    internal static Model Model(string name, KernelCase tried, Dictionary<string, HostTensor> inputs)
    {
        var graph = new Graph("test");
        var definition = KernelTable.All.Single(k => k.Name == name);
        var values = inputs.Select(i => graph.AddInput(i.Key, i.Value.Type, Shape.Of([.. i.Value.Shape]))).ToList();
        var node = graph.AddNode(name, Graphs.Model.SemaDomain, values, tried.Attributes, definition.Outputs.Length);
        foreach (var (i, type) in definition.Outputs.Index())
        {
            if (tried.Without.Contains(i))
                node.Outputs[i] = null;
            else
                graph.Outputs.Add(node.Outputs[i]!.As(type));
        }

        return Composer.Shell(new Model(graph) { Opsets = { [""] = Graphs.Model.Opset } }, graph);
    }
}
