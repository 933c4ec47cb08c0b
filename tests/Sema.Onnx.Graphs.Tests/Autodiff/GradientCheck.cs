using System.Runtime.InteropServices;
using Sema.Onnx.Graphs.Passes;

namespace Sema.Onnx.Graphs.Autodiff;

/// <summary>What is known of the shapes when a graph is differentiated.</summary>
public enum Known
{
    /// <summary>Every size.</summary>
    All,

    /// <summary>Every size but that of the first axis.</summary>
    AllButFirst,

    /// <summary>No size, but which sizes are the same.</summary>
    Symbols,

    /// <summary>The rank alone.</summary>
    Rank,
}

/// <summary>Compares the gradients of Σ v·y, for random v, with central differences of ONNX Runtime's own results.</summary>
internal static class GradientCheck
{
    /// <summary>Gets the largest difference, relative to the difference quotient or absolute where that is below 1.</summary>
    internal static double RelativeError(GradientCase c, Known known, int seed)
    {
        var (gradients, feeds, weights, forward) = Differentiated(c, known, seed);
        using var running = forward;
        var graph = gradients.First().Value.Graph;
        if (c.IsLowered)
            DoubleKernels.Run(graph);
        var results = OnnxRunner.Run(graph, feeds);
        return gradients.Max(g => Error(forward, feeds, weights, g.Key.Name, results[g.Value.Name], c.Step));
    }

    /// <summary>Gets the graph of a case's gradients, which are its outputs.</summary>
    internal static Graph GradientGraph(GradientCase c)
    {
        var (gradients, _, _, forward) = Differentiated(c, Known.All, seed: 1);
        forward.Dispose();
        return gradients.First().Key.Graph;
    }

    private static (IReadOnlyDictionary<Value, Value> Gradients, Dictionary<string, Tensor> Feeds, Dictionary<string, Tensor> Weights, OnnxRunner Forward)
        Differentiated(GradientCase c, Known known, int seed)
    {
        var random = new Random(seed);
        var graph = new Graph("check");
        var feeds = new Dictionary<string, Tensor>();
        var inputs = c.Inputs.Select((operand, i) => operand is null ? null : Input(graph, $"x{i}", operand, operand.Draw(random, c.Type), feeds)).ToArray();
        var around = c.Around.Select((operand, i) => Input(graph, $"c{i}", operand, operand.Draw(random, c.Type), feeds)).ToArray();
        var dot = c.Op.LastIndexOf('.');
        var node = graph.AddNode(c.Op[(dot + 1)..], dot < 0 ? "" : c.Op[..dot], inputs, [.. c.Attributes, .. c.Bodies(graph, around)], c.Outputs);
        graph.Outputs.AddRange(node.Outputs.Take(c.Used)!);
        if (c.OmitsUnused)
            Omit(node, graph.Outputs);
        var forward = c.IsLowered ? Lowered(graph) : new OnnxRunner(Untyped(graph));
        var weights = forward.Run(feeds).ToDictionary(y => y.Key, y => new Operand([.. y.Value.Dims]).Draw(random, c.IsLowered ? ElementType.Float32 : y.Value.Type));

        var loss = WeightedSum(graph, weights);
        var wrt = inputs.Concat(around).Zip([.. c.Inputs, .. c.Around]).Where(x => x is { First: { Initializer: null }, Second.Fixed: null }).Select(x => x.First).ToList();
        if (c.IsLowered)
            Narrow(graph);
        Prepare(graph);
        if (c.IsLowered)
            DoublePrecision.Run(graph);
        Forget(graph, known);
        CanonicalMatMul.Run(graph);
        ExplicitPadding.Run(graph);
        var gradients = Differentiator.Gradients(loss, wrt!);
        graph.Outputs.Clear();
        graph.Outputs.AddRange(gradients.Values.Distinct());
        Assert.HasCount(wrt.Count, gradients);
        return (gradients, feeds, weights, forward);
    }

    // Shapes, and one kind of loop.
    private static void Prepare(Graph graph)
    {
        ExplicitCaptures.Run(graph);
        OnnxRunner.InferShapes(graph);
        if (!ScanToLoop.Run(graph))
            return;
        ExplicitCaptures.Run(graph);
        OnnxRunner.InferShapes(graph);
    }

    internal static Tensor TensorOf(ElementType type, ReadOnlySpan<long> dims, double[] elements) => new(type, dims, type == ElementType.Float32
        ? MemoryMarshal.AsBytes<float>(Array.ConvertAll(elements, e => (float)e)).ToArray()
        : MemoryMarshal.AsBytes<double>(elements).ToArray());

    /// <summary>Σ v·y over all outputs of a graph, as one more node.</summary>
    internal static Value WeightedSum(Graph graph, Dictionary<string, Tensor> weights) => graph.Emit("Sum", graph.Outputs.ToArray()
        .Select(y => graph.Emit("Mul", [y, graph.AddInitializer(graph.UniqueName("v"), weights[y.Name])]).SumAll()));

    private static Value Input(Graph graph, string name, Operand operand, Tensor tensor, Dictionary<string, Tensor> feeds)
    {
        if (operand.IsConstant)
            return graph.AddInitializer(name, tensor);
        feeds[name] = tensor;
        return graph.AddInput(name, tensor.Type, tensor.Shape);
    }

    private static void Omit(Node node, List<Value> used)
    {
        for (var i = 0; i < node.Outputs.Count; i++)
        {
            if (node.Outputs[i] is { } output && !used.Contains(output))
            {
                node.Graph.Remove(output);
                node.Outputs[i] = null;
            }
        }
    }

    // ONNX Runtime tells shapes in the type that it has kernels for only.
    private static void Narrow(Graph graph)
    {
        foreach (var value in graph.Values.Where(v => v.Type == ElementType.Float64))
        {
            value.Type = ElementType.Float32;
            if (value.Initializer is { } constant)
                value.Initializer = TensorOf(ElementType.Float32, [.. constant.Dims], constant.ToFloat64());
        }
    }

    private static OnnxRunner Lowered(Graph graph)
    {
        var copy = graph.Extract(graph.Outputs.Select(o => o.Name));
        DoubleKernels.Run(copy);
        return new(Untyped(copy));
    }

    private static Graph Untyped(Graph graph)
    {
        graph.Outputs.ForEach(y => y.Type = ElementType.Undefined);
        return graph;
    }

    /// <summary>Leaves of the shapes only what is to be known.</summary>
    internal static void Forget(Graph graph, Known known)
    {
        foreach (var value in graph.Values.Where(v => v.Initializer is null))
        {
            value.Shape = new(value.KnownShape.Select((d, axis) => known switch
            {
                Known.All => d,
                Known.AllButFirst => axis == 0 ? new(-1) : d,
                Known.Symbols => new(-1, $"n{d.Size}"),
                _ => new(-1),
            }));
        }

        foreach (var body in graph.Bodies)
            Forget(body, known);
    }

    // (8 (f(+h) − f(−h)) − (f(+2h) − f(−2h))) / 12h: exact up to h⁴.
    private static double Error(
        OnnxRunner forward, Dictionary<string, Tensor> feeds, Dictionary<string, Tensor> weights, string x, Tensor gradient, double h)
    {
        CollectionAssert.AreEqual(feeds[x].Dims.ToArray(), gradient.Dims.ToArray(), $"The gradient of {x} has another shape.");
        Assert.AreEqual(feeds[x].Type, gradient.Type);
        var (start, exact, worst) = (feeds[x].ToFloat64(), gradient.ToFloat64(), 0.0);
        for (var i = 0; i < start.Length; i++)
        {
            var numeric = (8 * (Loss(i, h) - Loss(i, -h)) - (Loss(i, 2 * h) - Loss(i, -2 * h))) / (12 * h);
            worst = Math.Max(worst, double.IsFinite(exact[i]) ? Math.Abs(exact[i] - numeric) / Math.Max(1, Math.Abs(numeric)) : double.PositiveInfinity);
        }

        return worst;

        double Loss(int i, double step)
        {
            double[] moved = [.. start];
            moved[i] += step;
            var ys = forward.Run(new Dictionary<string, Tensor>(feeds) { [x] = TensorOf(feeds[x].Type, [.. feeds[x].Dims], moved) });
            return ys.Sum(y => y.Value.ToFloat64().Zip(weights[y.Key].ToFloat64(), (a, v) => a * v).Sum());
        }
    }
}
