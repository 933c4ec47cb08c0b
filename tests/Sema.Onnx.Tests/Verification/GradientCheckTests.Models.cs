using Sema.Onnx.Data;
using Sema.Onnx.Graphs;
using Sema.Onnx.Training;

namespace Sema.Onnx.Verification;

/// <summary>The models of these tests, and how they are checked.</summary>
public sealed partial class GradientCheckTests
{
    private static GradientCheckReport Passed(Model model, GradientCheckOptions? options = null)
    {
        using var folder = new TemporaryFolder();
        var report = GradientCheck.Run(model.Save(folder), options);
        Assert.IsTrue(report.Passed, report.ToJson());
        // The bounds of the command, written out: Passed must not mean anything weaker.
        Assert.IsLessThan(report.Precision == "float64" ? 1e-6 : 1e-3, report.Worst.RelativeError);
        Assert.IsTrue(report.Float32Worst is not { RelativeError: >= 1e-3 });
        return report;
    }

    private static Model Faded() => OfVector((x, graph) => graph.Emit("Relu", [x.MatMul(TinyModels.Weight(graph, "w", Width, Width)) * 1e-11
        + graph.AddInitializer("b", Tensor.Floats([Width], new float[Width]))]));

    private static Model Kinked() => OfVector((x, graph) =>
    {
        for (var layer = 0; layer < 4; layer++)
        {
            var h = x.MatMul(TinyModels.Weight(graph, $"w{layer}", layer == 0 ? Width : 64, 64)) + TinyModels.Weight(graph, $"b{layer}", 64);
            x = layer switch { 0 => graph.Emit("Relu", [h]), 1 => h.Max(-h * 0.3), 2 => h.Abs(), _ => graph.Emit("Clip", [h, h.Like(-0.7), h.Like(0.9)]) };
        }

        return x.MatMul(TinyModels.Weight(graph, "end", 64, Width));
    });

    private static void Scale(Graph graph, string output, double factor) => Scale(graph, output, graph.Find(output)!.Like(factor));

    private static void Scale(Graph graph, string output, Value factor)
    {
        var gradient = graph.Find(output)!;
        var position = graph.Outputs.IndexOf(gradient);
        graph.Rename(gradient, "before");
        graph.Outputs[position] = graph.Renamed(gradient * factor, output);
    }

    private static Model Ending(string activation, double shift, double factor) => OfVector((x, graph) => graph.Emit("Reshape",
        [graph.Emit(activation, [graph.Renamed(x.MatMul(TinyModels.Weight(graph, "w", Width, Width)) * factor + shift, "logits")]), graph.Vector(-1, Width)]));

    private static Model Image(int size, Func<Value, Graph, Value> build, int? width = null)
    {
        var graph = new Graph("image");
        return TinyModels.Finish(graph, build(graph.AddInput("x", ElementType.Float32, Shape.Of(1, 2, size, width ?? size)), graph), Shape.Of(1, 2, size, width ?? size));
    }

    // Halved and brought back to the declared size.
    private static Model Enlarging(string sizes) => Image(256, (x, graph) =>
    {
        var h = graph.Emit("MaxPool", [x * TinyModels.Weight(graph, "w", 2, 1, 1)], ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 }));
        Value?[] to = sizes switch
        {
            "Scales" => [graph.AddInitializer("scales", Tensor.Floats([4], [1, 1, 2, 2]))],
            "Constant" => [null, graph.Vector(1, 2, 256, 384)],
            _ => [null, graph.Emit("Concat", [graph.Vector(1, 2), graph.Vector(256, 384)], ("axis", 0))],
        };
        return graph.Emit("Add", [graph.Emit("Resize", [h, null, .. to]), x]);
    }, 384);

    private static Model OfVector(Func<Value, Graph, Value> build, Shape? output = null)
    {
        var graph = new Graph("vector");
        return TinyModels.Finish(graph, build(graph.AddInput("x", ElementType.Float32, TinyModels.Batched("n", Width)), graph), output ?? TinyModels.Batched("n", Width));
    }

    // y = tanh(E[tokens] * mask + bias), pooled = Σ over tokens of y²
    private static Model Embedding()
    {
        var graph = new Graph("embedding");
        var axes = new Shape(new Dimension(-1, "batch"), new Dimension(-1, "sequence"));
        var tokens = graph.AddInput("tokens", ElementType.Int64, axes);
        var mask = graph.AddInput("mask", ElementType.Int64, axes);
        var bias = graph.AddInput("bias", ElementType.Float32, new(new Dimension(-1, "batch"), new Dimension(1), new Dimension(Width)));
        var y = (TinyModels.Weight(graph, "E", Vocabulary, Width).Gather(tokens, 0) * mask.Cast(ElementType.Float32).Unsqueeze(2) + bias).Tanh();
        var model = TinyModels.Finish(graph, y, new(new Dimension(-1, "batch"), new Dimension(-1, "sequence"), new Dimension(Width)));
        var pooled = graph.Renamed(y.Square().Sum([1], keep: false), "pooled");
        pooled.Shape = TinyModels.Batched("batch", Width);
        graph.Outputs.Add(pooled);
        return model;
    }
}
