namespace Sema.Onnx.Graphs.Composition;

/// <summary>Builds the graphs that move flat weights against the loss, for sharpness-aware minimisation, and that say how far.</summary>
/// <remarks>With T = |w| + η where the perturbation is adaptive, element by element, and T = 1 where it is not.</remarks>
internal static class PerturbationGraph
{
    internal const string W = "w", G = "g", Scale = "scale", Eta = "eta", Result = "result", Squares = "squares";

    /// <summary>w ← w + scale · T² g, in place.</summary>
    internal static Model Move(bool adaptive)
    {
        var (graph, w, g) = Begin("perturb");
        var scale = graph.AddInput(Scale, ElementType.Float64, new Shape());
        var direction = adaptive ? Magnitude(graph, w).Square() * g : g;
        var result = graph.Renamed(w + direction * scale.Cast(w.Type), Result);
        result.Shape = w.Shape;
        graph.Outputs.Add(result);
        InPlace.Prove(w, result);
        return Finished(graph);
    }

    /// <summary>The sum of (T g)², in float64: ‖T g‖² of a piece.</summary>
    internal static Model Length()
    {
        var (graph, w, g) = Begin("length");
        var squares = graph.Renamed((Magnitude(graph, w) * g).Cast(ElementType.Float64).Square().SumAll(), Squares);
        (squares.Type, squares.Shape) = (ElementType.Float64, new Shape());
        graph.Outputs.Add(squares);
        return Finished(graph);
    }

    private static (Graph Graph, Value W, Value G) Begin(string name)
    {
        var graph = new Graph(name);
        var shape = new Shape(new Dimension(-1, "n"));
        return (graph, graph.AddInput(W, ElementType.Float32, shape), graph.AddInput(G, ElementType.Float32, shape));
    }

    private static Value Magnitude(Graph graph, Value w) => w.Abs() + graph.AddInput(Eta, ElementType.Float64, new Shape()).Cast(w.Type);

    private static Model Finished(Graph graph) => new(graph) { Producer = "Sema.Onnx", Opsets = { [""] = Model.Opset } };
}
