namespace Sema.Onnx.Graphs.Passes;

/// <summary>Takes the rounding out of quantisation and leaves the clipping, so that differences agree with straight-through gradients.</summary>
/// <remarks>For checks alone: run it on a graph before its loss and its gradients are computed from it.</remarks>
internal static class SmoothQuantization
{
    /// <summary>Runs the pass.</summary>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Graph graph)
    {
        var nodes = graph.Nodes.Where(n => n is { OpType: "FakeQuantize", Domain: Model.SemaDomain }).ToList();
        foreach (var y in nodes)
        {
            // Half a step beyond the last integer, where rounding begins to clip.
            graph.ReplaceNode(y, () => [y[0].Max((y[2] - 0.5) * y[1]).Min((y[3] + 0.5) * y[1])]);
        }

        return nodes.Count > 0;
    }
}
