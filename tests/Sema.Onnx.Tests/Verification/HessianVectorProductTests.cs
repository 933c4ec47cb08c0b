using System.Runtime.InteropServices;
using Sema.Onnx.Data;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Losses;
using Sema.Onnx.Training;

namespace Sema.Onnx.Verification;

[TestClass]
public sealed class HessianVectorProductTests
{
    private const int Batch = 3, Width = 4;

    public static IEnumerable<object[]> Models => [["mlp"], ["convnet"], ["attention"]];

    // (∇L(w + h v) − ∇L(w − h v)) / 2h in float64, with an error of h² and of rounding over h.
    [TestMethod, DynamicData(nameof(Models))]
    public void Agrees_with_central_differences_of_the_gradient(string name)
    {
        using var folder = new TemporaryFolder();
        var (model, shape) = Build(name);
        using var hessian = HessianVectorProduct.Of(model.Save(folder), new() { Loss = new CrossEntropyLoss(), Precision = ElementType.Float64 }, One((IReadOnlyList<long>)shape));
        var random = new Random(7);
        var input = Doubles(random, shape.Aggregate(1L, (n, d) => n * d));
        long[] target = [.. Enumerable.Range(0, Batch).Select(i => (long)(i % TinyModels.Classes))];
        double[] w = Weights(model, hessian.Layout), v = Doubles(random, hessian.Layout.Length);
        const double h = 1e-5;

        var product = At(w).Product;
        double[] above = At(Moved(h)).Gradient, below = At(Moved(-h)).Gradient;

        var difference = above.Zip(below, (a, b) => (a - b) / (2 * h)).ToArray();
        Assert.IsGreaterThan(1e-2, Norm(product));
        Assert.IsLessThan(1e-7, Norm([.. product.Zip(difference, (a, b) => a - b)]) / Norm(product));

        (double[] Gradient, double[] Product) At(double[] weights)
        {
            hessian.SetWeights(weights);
            return hessian.Compute(One((ReadOnlyMemory<byte>)MemoryMarshal.AsBytes<double>(input).ToArray()), MemoryMarshal.AsBytes<long>(target), v);
        }

        double[] Moved(double step) => [.. w.Zip(v, (x, d) => x + (step * d))];
    }

    [TestMethod]
    public void Is_symmetric_in_float32()
    {
        using var folder = new TemporaryFolder();
        using var hessian = HessianVectorProduct.Of(TinyModels.Mlp().Save(folder), new(), One((IReadOnlyList<long>)[Batch, TinyModels.Features]));
        var random = new Random(7);
        double[] u = Doubles(random, hessian.Layout.Length), v = Doubles(random, hessian.Layout.Length);
        float[] input = [.. Doubles(random, Batch * TinyModels.Features).Select(x => (float)x)];

        // ⟨u, H v⟩ = ⟨v, H u⟩, and not 0
        var (uHv, vHu) = (Dot(u, Product(v)), Dot(v, Product(u)));

        Assert.IsGreaterThan(1e-2, Math.Abs(uHv));
        Assert.AreEqual(uHv, vHu, 1e-5 * Math.Abs(uHv) + 1e-5);

        double[] Product(double[] direction) => hessian.Compute(One((ReadOnlyMemory<byte>)MemoryMarshal.AsBytes<float>(input).ToArray()), MemoryMarshal.AsBytes<long>([0, 1, 2]), direction).Product;
    }

    [TestMethod]
    public void Lengths_that_do_not_fit_are_refused()
    {
        using var folder = new TemporaryFolder();
        using var hessian = HessianVectorProduct.Of(TinyModels.Mlp().Save(folder), new(), One((IReadOnlyList<long>)[Batch, TinyModels.Features]));

        Assert.ThrowsExactly<ArgumentException>(() => hessian.Compute(One((ReadOnlyMemory<byte>)new byte[1]), new byte[Batch * sizeof(long)], new double[hessian.Layout.Length]));
        Assert.ThrowsExactly<ArgumentException>(() => hessian.Compute(new Dictionary<string, ReadOnlyMemory<byte>>(), new byte[Batch * sizeof(long)], new double[hessian.Layout.Length]));
        Assert.ThrowsExactly<ArgumentException>(() => hessian.SetWeights(new double[1]));
    }

    private static Dictionary<string, T> One<T>(T value) => new() { ["x"] = value };

    private static (Model Model, long[] Shape) Build(string name) => name switch
    {
        "mlp" => (TinyModels.Mlp(), [Batch, TinyModels.Features]),
        "convnet" => (SmoothConvNet(), [Batch, 1, 6, 6]),
        _ => (Attention(), [Batch, 5, Width]),
    };

    private static Model SmoothConvNet()
    {
        var graph = new Graph("convnet");
        var x = graph.AddInput("x", ElementType.Float32, TinyModels.Batched("batch", 1, 6, 6));
        var hidden = graph.Emit("Conv", [x, TinyModels.Weight(graph, "conv1", 4, 1, 3, 3), TinyModels.Weight(graph, "b1", 4)], ("pads", new long[] { 1, 1, 1, 1 })).Tanh();
        var strided = graph.Emit("Conv", [hidden, TinyModels.Weight(graph, "conv2", 4, 4, 3, 3)], ("strides", new long[] { 2, 2 })).Sigmoid();
        var pooled = graph.Emit("Flatten", [graph.Emit("GlobalAveragePool", [strided])]);
        return TinyModels.Finish(graph, graph.Emit("Gemm", [pooled, TinyModels.Weight(graph, "head", 4, TinyModels.Classes)]), TinyModels.Batched("batch", TinyModels.Classes));
    }

    // LayerNormalization, one head of attention, a mean over the tokens.
    private static Model Attention()
    {
        var graph = new Graph("attention");
        var x = graph.AddInput("x", ElementType.Float32, TinyModels.Batched("batch", 5, Width));
        var normal = graph.Emit("LayerNormalization", [x.MatMul(Weight("embed")), TinyModels.Weight(graph, "scale", Width), TinyModels.Weight(graph, "shift", Width)]);
        var scores = normal.MatMul(Weight("query")).MatMul(normal.MatMul(Weight("key")).Transpose(0, 2, 1)) / 2;
        var mixed = graph.Emit("Softmax", [scores]).MatMul(normal.MatMul(Weight("value")));
        return TinyModels.Finish(graph, mixed.Mean([1], keep: false).MatMul(TinyModels.Weight(graph, "head", Width, TinyModels.Classes)), TinyModels.Batched("batch", TinyModels.Classes));

        Value Weight(string name) => TinyModels.Weight(graph, name, Width, Width);
    }

    private static double[] Weights(Model model, ParameterLayout layout)
    {
        var flat = new double[layout.Length];
        foreach (var p in layout.Parameters)
            model.Graph.Find(p.Name)!.Initializer!.ToFloat64().CopyTo(flat.AsSpan((int)p.Offset));
        return flat;
    }

    private static double[] Doubles(Random random, long count) => [.. Enumerable.Range(0, (int)count).Select(_ => (random.NextDouble() * 2) - 1)];

    private static double Norm(double[] values) => Math.Sqrt(Dot(values, values));

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();
}
