namespace Sema.Onnx.Graphs.Passes;

/// <summary>Takes the rounding out of quantisation and leaves the clipping, so that differences agree with straight-through gradients.</summary>
/// <remarks>For checks alone: run it on the prepared graph, before its loss and its gradients are composed.</remarks>
internal static class SmoothQuantization
{
    /// <summary>Runs the pass.</summary>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Model model)
    {
        var nodes = model.Graph.AllNodes.Where(n => n is { OpType: "FakeQuantize" or "FakeFloor" or "FakeFloat8", Domain: Model.SemaDomain }).ToList();
        foreach (var node in nodes)
        {
            node.OpType = "ClipToGrid";
            node.Remove("to");
            node.Remove("saturate");
        }

        Functions.SemaFunctions.Attach(model);
        return nodes.Count > 0;
    }
}
