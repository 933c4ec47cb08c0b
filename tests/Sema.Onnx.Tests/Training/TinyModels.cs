using Sema.Onnx.Data;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Training;

/// <summary>Models of a few weights, and data that they can learn.</summary>
internal static class TinyModels
{
    internal const int Features = 4, Classes = 3, Words = 7;

    /// <summary>x [batch, 4] → Gemm(w1ᵀ) → Tanh → MatMul(w2) + b2 → y [batch, 3].</summary>
    internal static Model Mlp(string batch = "batch", Func<Value, Value>? end = null)
    {
        var graph = new Graph("mlp");
        var x = graph.AddInput("x", ElementType.Float32, Batched(batch, Features));
        var hidden = graph.Emit("Gemm", [x, Weight(graph, "w1", 5, Features), Weight(graph, "b1", 5)], ("transB", 1)).Tanh();
        var y = hidden.MatMul(Weight(graph, "w2", 5, Classes)) + Weight(graph, "b2", Classes);
        return Finish(graph, end is null ? y : end(y), Batched(batch, Classes));
    }

    /// <summary>x [batch, 1, 8, 8] → Conv → BatchNormalization → Relu → GlobalAveragePool → Gemm → y [batch, 3].</summary>
    internal static Model ConvNet()
    {
        var graph = new Graph("convnet");
        var x = graph.AddInput("x", ElementType.Float32, Batched("batch", 1, 8, 8));
        var channels = x.Graph.Emit("Conv", [x, Weight(graph, "conv", 4, 1, 3, 3)], ("pads", new long[] { 1, 1, 1, 1 }));
        var variance = graph.AddInitializer("variance", Tensor.Floats([4], [0.5f, 0.6f, 0.7f, 0.8f]));
        var normal = graph.Emit("BatchNormalization", [channels, Weight(graph, "gamma", 4), Weight(graph, "beta", 4), Weight(graph, "mean", 4), variance], ("momentum", 0.75f));
        var features = graph.Emit("Flatten", [graph.Emit("GlobalAveragePool", [graph.Emit("Relu", [normal])])]);
        return Finish(graph, graph.Emit("Gemm", [features, Weight(graph, "head", 4, Classes), Weight(graph, "bias", Classes)]), Batched("batch", Classes));
    }

    /// <summary>
    /// tokens int64 [batch, length], in/mask:0 [batch, length], state [1, batch, 3], scale [] →
    /// (Σₗ table[tokens]ₗ · maskₗ) w · scale + state₀ → y [batch, 3].
    /// </summary>
    internal static Model Tokens()
    {
        var graph = new Graph("tokens");
        var tokens = graph.AddInput("tokens", ElementType.Int64, TestModels.Axes("batch", "length"));
        var mask = graph.AddInput("in/mask:0", ElementType.Float32, TestModels.Axes("batch", "length"));
        var state = graph.AddInput("state", ElementType.Float32, new Shape(new Dimension(1), new Dimension(-1, "batch"), new Dimension(Classes)));
        var scale = graph.AddInput("scale", ElementType.Float32, new Shape());
        var words = graph.Emit("Gather", [Weight(graph, "table", Words, Features), tokens]) * graph.Emit("Unsqueeze", [mask, graph.Vector(-1)]);
        var sum = graph.Emit("ReduceSum", [words, graph.Vector(1)], ("keepdims", 0));
        var y = sum.MatMul(Weight(graph, "w", Features, Classes)) * scale + graph.Emit("Squeeze", [state, graph.Vector(0)]);
        return Finish(graph, y, Batched("batch", Classes));
    }

    internal static string Save(this Model model, TemporaryFolder folder) => folder.Write("model.onnx", ModelWriter.Write(model));

    /// <summary>A weight with numbers that depend on its name alone.</summary>
    internal static Value Weight(Graph graph, string name, params long[] sizes)
    {
        var random = new Random(name.Aggregate(17, (hash, letter) => unchecked(hash * 31 + letter)));
        return graph.AddInitializer(name, Tensor.Floats(sizes, [.. Enumerable.Range(0, (int)Shape.Of(sizes).Count).Select(_ => random.NextSingle() - 0.5f)]));
    }

    /// <summary>A first axis that is a symbol, or a size written as one.</summary>
    internal static Shape Batched(string batch, params long[] rest) =>
        new([long.TryParse(batch, out var size) ? new Dimension(size) : new Dimension(-1, batch), .. rest.Select(s => new Dimension(s))]);

    internal static Model Finish(Graph graph, Value output, Shape shape)
    {
        graph.Rename(output, "y");
        output.Shape = shape;
        graph.Outputs.Add(output);
        return new Model(graph) { Opsets = { [""] = Model.Opset } };
    }

    /// <summary>Points around three centres, each a class.</summary>
    internal static Samples Points(int count, int seed = 1) => new(count, new ArraySpec(ElementType.Float32, Features), seed);

    /// <summary>Images of 8 by 8 pixels, each class of another brightness.</summary>
    internal static Samples Images(int count, int seed = 1) => new(count, new ArraySpec(ElementType.UInt8, 1, 8, 8), seed);
}
