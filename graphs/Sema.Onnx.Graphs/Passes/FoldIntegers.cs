using System.Runtime.InteropServices;

namespace Sema.Onnx.Graphs.Passes;

/// <summary>Replaces the nodes that compute known integers (sizes, axes, starts) by constants, at which gradient rules look.</summary>
internal static class FoldIntegers
{
    /// <summary>Runs the pass, on bodies too; the shapes must be known.</summary>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Graph graph)
    {
        var changed = false;
        foreach (var node in graph.Nodes.ToList().Where(n => n.Outputs is [{ Type: ElementType.Int64 }] && !graph.Outputs.Contains(n.Output)))
        {
            var value = node.Output;
            if (KnownIntegers.Tensor(value) is not { } known || (value.Shape is { IsStatic: true } shape && !shape.Sizes.SequenceEqual(known.Sizes)))
                continue;
            graph.Nodes.Remove(node);
            graph.Remove(value);
            graph.Replace(value, graph.AddInitializer(value.Name, new(ElementType.Int64, known.Sizes, MemoryMarshal.AsBytes(known.Elements.AsSpan()).ToArray())));
            changed = true;
        }

        return graph.Bodies.ToList().FindAll(Run).Count > 0 || changed;
    }
}
