using Sema.Onnx.Graphs;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Export;

/// <summary>Finds the shapes that a model file declares and that a new number of classes changes.</summary>
internal static class HeadShapes
{
    /// <summary>Gets the shapes that a graph declares for what its nodes compute; to be asked for before the head changes.</summary>
    internal static Dictionary<string, Shape> Declared(Graph graph) =>
        graph.Values.Where(v => v.Producer is not null && v.Shape is not null).ToDictionary(v => v.Name, v => v.Shape!);

    /// <summary>Compares what is declared with what ONNX Runtime infers for the new head.</summary>
    /// <param name="model">The model with its new head; its shapes are changed.</param>
    /// <param name="declared">What the file declares.</param>
    /// <param name="constants">The constants that the new head changed.</param>
    /// <returns>The new sizes by value, null where an axis stays as it is.</returns>
    internal static Dictionary<string, IReadOnlyList<long?>> Changed(
        Model model, Dictionary<string, Shape> declared, IEnumerable<string> constants)
    {
        try
        {
            ShapeProbe.Annotate(model, new Dictionary<string, long>());
        }
        catch (RuntimeException e)
        {
            throw new ExportException($"With the new head the model is refused by ONNX Runtime. {e.Message}", e);
        }

        var changed = new Dictionary<string, IReadOnlyList<long?>>();
        foreach (var value in Downstream(model.Graph, constants))
        {
            if (!declared.TryGetValue(value.Name, out var before) || value.Shape is not { } after || after.Rank != before.Rank)
                continue;
            long?[] sizes = [.. before.Zip(after, (b, a) => b.IsKnown && a.IsKnown && b.Size != a.Size ? a.Size : (long?)null)];
            if (sizes.Any(s => s is not null))
                changed[value.Name] = sizes;
        }

        return changed;
    }

    private static IEnumerable<Value> Downstream(Graph graph, IEnumerable<string> constants)
    {
        var reached = constants.Select(name => graph.Find(name)!).ToHashSet();
        foreach (var node in graph.Nodes.Where(n => n.Inputs.Any(i => i is not null && reached.Contains(i))))
            reached.UnionWith(node.Outputs.OfType<Value>());
        return reached.Where(v => v.Producer is not null);
    }
}
