using Sema.Onnx.Data;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Serialization;

namespace Sema.Onnx.Training;

/// <summary>A model with one weight that is large enough to stay in its file.</summary>
internal static class LargeModel
{
    internal const int Features = 300, Classes = 60;   // 72,000 bytes

    /// <summary>x [batch, 300] → MatMul(w) + b → y [batch, 60].</summary>
    internal static Model Build(string batch = "batch")
    {
        var graph = new Graph("large");
        var x = graph.AddInput("x", ElementType.Float32, TinyModels.Batched(batch, Features));
        var y = x.MatMul(TinyModels.Weight(graph, "w", Features, Classes)) + TinyModels.Weight(graph, "b", Classes);
        return TinyModels.Finish(graph, y, TinyModels.Batched(batch, Classes));
    }

    /// <summary>Writes <c>data/model.onnx</c> with <c>w</c> in <c>data/w.bin</c>, at an offset.</summary>
    /// <returns>The model's path.</returns>
    internal static string SaveWithData(TemporaryFolder folder, string batch = "batch")
    {
        var model = Build(batch);
        folder.Write(Path.Combine("data", "w.bin"), [.. new byte[4096], .. model.Graph.Find("w")!.Initializer!.Data.Span]);
        return folder.Write(Path.Combine("data", "model.onnx"), ModelWriter.Write(
            model, new Dictionary<string, ExternalSlice> { ["w"] = new("w.bin", 4096, ElementType.Float32, [Features, Classes]) }));
    }
}
