namespace Sema.Onnx.Graphs.Passes;

/// <summary>Writes the padding that <c>auto_pad</c> implies as numbers, so that gradient rules know one form.</summary>
internal static class ExplicitPadding
{
    private static readonly HashSet<string> Windowed = ["Conv", "MaxPool", "AveragePool"];

    /// <summary>Runs the pass; the spatial shapes must be known.</summary>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Graph graph)
    {
        var nodes = graph.Nodes.Where(n => Windowed.Contains(n.OpType) && n.Domain.Length == 0 && n.Has("auto_pad")).ToList();
        foreach (var node in nodes)
        {
            var automatic = node.Get<string>("auto_pad");
            node.Remove("auto_pad");
            if (automatic is "SAME_UPPER" or "SAME_LOWER")
                node.Set(("pads", Pads(Autodiff.Rules.Window.Of(node), automatic == "SAME_UPPER")));
            else if (automatic == "VALID")
                node.Remove("pads");
        }

        return nodes.Count > 0;
    }

    // As much as ⌈input / stride⌉ windows need; where it is odd, the larger half at the end (upper) or at the beginning (lower).
    private static long[] Pads(Autodiff.Rules.Window window, bool upper)
    {
        var rank = window.Kernel.Length;
        var pads = new long[2 * rank];
        for (var i = 0; i < rank; i++)
        {
            var reach = (window.Output[i] - 1) * window.Strides[i] + (window.Kernel[i] - 1) * window.Dilations[i] + 1;
            var total = Math.Max(0, reach - window.Input[i]);
            pads[i] = upper ? total / 2 : total - total / 2;
            pads[rank + i] = total - pads[i];
        }

        return pads;
    }
}
