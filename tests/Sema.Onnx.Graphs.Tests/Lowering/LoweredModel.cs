using Microsoft.ML.OnnxRuntime;
using Sema.Onnx.Graphs.Upgrade;

namespace Sema.Onnx.Graphs.Lowering;

/// <summary>Models whose shapes ONNX Runtime tells, lowered.</summary>
internal static class LoweredModel
{
    /// <summary>Lowers a model in place, its shapes learnt before and after, as the toolkit does.</summary>
    internal static Model Lower(Model model)
    {
        Annotate(model);
        OpsetUpgrade.Run(model);
        Annotate(model);
        return model;
    }

    /// <summary>Asks ONNX Runtime for the type and shape of every value that a node makes.</summary>
    internal static void Annotate(Model model)
    {
        var (graph, outputs) = (model.Graph, model.Graph.Outputs.ToArray());
        Value[] made = [.. graph.Values.Where(v => v.Producer is not null)];
        foreach (var value in made)
            (value.Type, value.Shape) = (ElementType.Undefined, null);
        graph.Outputs.Clear();
        graph.Outputs.AddRange(made);
        using var session = ModelRun.Session(model, GraphOptimizationLevel.ORT_ENABLE_BASIC);
        foreach (var value in made)
        {
            var metadata = session.OutputMetadata[value.Name];
            (value.Type, value.Shape) = ((ElementType)metadata.ElementDataType, Shape.Of(metadata.Dimensions.Select(d => (long)d)));
        }

        graph.Outputs.Clear();
        graph.Outputs.AddRange(outputs);
    }
}
