namespace Sema.Onnx.Graphs.Passes;

/// <summary>
/// Writes the padding that <c>auto_pad</c> and <c>output_shape</c> imply as numbers, and Pad with widths for all axes, so that gradient rules know
/// one form.
/// </summary>
/// <remarks>
/// Where Pad names its axes, ONNX Runtime's optimizer moves transpositions past it without renaming them, and other axes are padded.
/// </remarks>
internal static class ExplicitPadding
{
    private static readonly HashSet<string> Windowed = ["Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool"];

    /// <summary>Runs the pass, on bodies too; the spatial shapes must be known.</summary>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Graph graph)
    {
        var nodes = graph.Nodes.Where(n => Windowed.Contains(n.OpType) && n.Domain.Length == 0 && (n.Has("auto_pad") || n.Has("output_shape"))).ToList();
        foreach (var node in nodes)
        {
            var (automatic, declared) = (node.Get<string>("auto_pad"), node.Has("output_shape"));
            if (node.OpType == "ConvTranspose")
                Transposed(node);
            node.Remove("auto_pad");
            if (node.OpType != "ConvTranspose" && automatic is "SAME_UPPER" or "SAME_LOWER")
                node.Set(("pads", Pads(Autodiff.Rules.Window.Of(node), automatic == "SAME_UPPER")));
            else if (automatic == "VALID" && !declared)
                node.Remove("pads");
        }

        var partial = graph.Nodes.Where(n => n is { OpType: "Pad", Domain.Length: 0 } && n.Optional(3) is not null && n[0].Shape is not null).ToList();
        foreach (var node in partial)
            graph.ReplaceNode(node, () => [graph.Emit("Pad", [node[0], Widths(node), node.Optional(2)], node.Attributes)]);
        return graph.Bodies.ToList().FindAll(Run).Count + nodes.Count + partial.Count > 0;
    }

    // Before and after each axis: 0 where the node does not name it.
    private static Value Widths(Node pad)
    {
        var (graph, rank) = (pad.Graph, pad[0].Rank);
        if (pad[1].Initializer?.ToInt64() is { } pads && pad[3].Initializer?.ToInt64() is { } axes)
        {
            var all = new long[2 * rank];
            foreach (var (i, axis) in axes.Index())
                (all[(axis + rank) % rank], all[(axis + rank) % rank + rank]) = (pads[i], pads[axes.Length + i]);
            return graph.Vector(all);
        }

        var places = graph.Emit("Mod", [pad[3].Cast(ElementType.Int64), graph.Integer(rank)]);
        return graph.Emit("ScatterElements", [graph.Vector(new long[2 * rank]), Operators.Concat([places, places + graph.Integer(rank)], 0), pad[1]], ("axis", 0));
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

    // What the windows make, less the output's size: the larger half of an odd number at the end (upper) or at the beginning (all else).
    // Where an output_shape asks for more than they make, zeros stand at its end. Without one the output is the strides times the input;
    // ONNX's shape inference has another size for it, which is not what the runtime's kernel makes.
    private static void Transposed(Node node)
    {
        var (automatic, declared) = (node.Get<string>("auto_pad"), node.Ints("output_shape"));
        if (declared is null && automatic is not ("SAME_UPPER" or "SAME_LOWER"))
            return;
        var (input, kernel) = (Sizes(node, 0), Sizes(node, 1));
        var (strides, dilations, extra) = (At("strides", 1), At("dilations", 1), At("output_padding", 0));
        long[] output = [.. declared?.TakeLast(input.Length) ?? input.Zip(strides, (size, stride) => size * stride)];
        long[] cut = [.. input.Select((size, i) => (size - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 + extra[i] - output[i])];
        long[] less = [.. cut.Select(c => Math.Max(c, 0)).Select(c => automatic == "SAME_UPPER" ? c / 2 : c - c / 2)];
        node.Set(("pads", [.. less, .. cut.Select((c, i) => Math.Max(c, 0) - less[i])]));
        if (declared is not null)
            node.Set(("output_padding", [.. extra.Select((e, i) => e + Math.Max(-cut[i], 0))]));
        node.Remove("output_shape");

        long[] At(string attribute, long otherwise) => node.Ints(attribute) ?? [.. Enumerable.Repeat(otherwise, input.Length)];
    }

    private static long[] Sizes(Node node, int input) => node[input].KnownShape.Skip(2).All(d => d.IsKnown) ? node[input].KnownShape.Sizes[2..]
        : throw new InvalidModelException($"Operator '{node.OpType}', node {node.Label}: the spatial sizes {node[input].Shape} of '{node[input].Name}' must be known; fix the model's input size.");
}
