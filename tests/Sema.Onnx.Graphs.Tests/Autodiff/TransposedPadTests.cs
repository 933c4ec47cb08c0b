using Microsoft.ML.OnnxRuntime;
using Sema.Onnx.Graphs.Passes;

namespace Sema.Onnx.Graphs.Autodiff;

/// <summary>
/// Pads between transpositions at ONNX Runtime's default optimisation, which moves the transpositions together and does not rename the axes
/// that a Pad names: all that is emitted is told of all axes.
/// </summary>
[TestClass]
public sealed class TransposedPadTests
{
    private static readonly float[] X = [1, 2, 3, 4, 5, 6];

    // y = (xᵀ without its first row)ᵀ, x [2, 3]: the gradient of Σ y² is 2y behind a column of zeros.
    [TestMethod]
    public void Gradient_of_a_slice_is_padded_on_its_own_axis()
    {
        var (graph, x) = Input();
        var y = x.Transpose(1, 0).Slice(0, 1, 3).Transpose(1, 0);

        CollectionAssert.AreEqual(new double[] { 0, 4, 6, 0, 10, 12 }, Gradient(graph, x, y));
    }

    // y = (xᵀ between rows of zeros)ᵀ, [2, 5]: 2x, what stands between.
    [TestMethod]
    public void Gradient_of_a_pad_is_cropped_on_its_own_axis()
    {
        var (graph, x) = Input();
        var y = graph.Emit("Pad", [x.Transpose(1, 0), graph.Vector(1, 1), null, graph.Vector(0)]).Transpose(1, 0);

        CollectionAssert.AreEqual(new double[] { 2, 4, 6, 8, 10, 12 }, Gradient(graph, x, y));
    }

    [TestMethod]
    public void A_pad_is_computed_on_its_own_axis()
    {
        var (graph, x) = Input();
        graph.Outputs.Add(graph.Emit("Pad", [x.Transpose(1, 0), graph.Vector(1, 0), null, graph.Vector(0)]).Transpose(1, 0));
        OnnxRunner.InferShapes(graph);
        ExplicitPadding.Run(graph);

        CollectionAssert.AreEqual(new double[] { 0, 1, 2, 3, 0, 4, 5, 6 }, Run(graph));
    }

    [TestMethod]
    [DataRow("DFT")]
    [DataRow("LRN")]
    [DataRow("Pad")]
    [DataRow("STFT")]
    [DataRow("Slice")]
    public void Gradients_pad_with_widths_for_all_axes(string op)
    {
        var pads = GradientCases.Of(op).SelectMany(c => GradientCheck.GradientGraph(c).Nodes).Where(n => n.OpType == "Pad").ToList();

        Assert.IsNotEmpty(pads);
        Assert.IsEmpty(pads.Where(n => n.Optional(3) is not null));
    }

    private static (Graph Graph, Value X) Input()
    {
        var graph = new Graph("pads");
        return (graph, graph.AddInput("x", ElementType.Float32, Shape.Of(2, 3)));
    }

    // Of Σ y².
    private static double[] Gradient(Graph graph, Value x, Value y)
    {
        var loss = (y * y).SumAll();
        OnnxRunner.InferShapes(graph);
        ExplicitPadding.Run(graph);
        graph.Outputs.Add(Differentiator.Gradients(loss, [x])[x]);
        return Run(graph);
    }

    private static double[] Run(Graph graph)
    {
        graph.Outputs[0].Type = ElementType.Undefined;
        var model = OnnxRunner.ModelOf(graph);
        using var session = ModelRun.Session(model, GraphOptimizationLevel.ORT_ENABLE_ALL);
        return ModelRun.Run(session, model, new Dictionary<string, float[]> { ["x"] = X })[0].Elements;
    }
}
