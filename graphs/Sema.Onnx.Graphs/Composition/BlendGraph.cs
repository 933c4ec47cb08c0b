namespace Sema.Onnx.Graphs.Composition;

/// <summary>Builds the graph that mixes a flat vector into another in place: a ← share·a + (1 − share)·b.</summary>
internal static class BlendGraph
{
    internal const string A = "a", B = "b", Share = "share", Result = "result";

    internal static Model Build()
    {
        var graph = new Graph("blend");
        var shape = new Shape(new Dimension(-1, "n"));
        var a = graph.AddInput(A, ElementType.Float32, shape);
        var b = graph.AddInput(B, ElementType.Float32, shape);
        var share = graph.AddInput(Share, ElementType.Float64, new Shape());
        var result = graph.Renamed(a * share.Cast(a.Type) + b * (1 - share).Cast(b.Type), Result);
        result.Shape = shape;
        graph.Outputs.Add(result);
        InPlace.Prove(a, result);
        return new Model(graph) { Producer = "Sema.Onnx", Opsets = { [""] = Model.Opset } };
    }
}
