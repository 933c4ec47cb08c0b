using Sema.Onnx.Graphs.Autodiff.Rules;

namespace Sema.Onnx.Graphs.Passes;

/// <summary>Puts the layer normalisations of a graph that is trained into the form that gives what their gradients read, and that has a kernel.</summary>
internal static class LiveLayerNormalization
{
    /// <summary>Runs the pass; the shapes must be known.</summary>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Graph graph)
    {
        var nodes = graph.Nodes.Where(n => n is { OpType: "LayerNormalization", Domain.Length: 0, Outputs.Count: 1 } && n.Output.Type == ElementType.Float32
            && n.Optional(2) is not null && Normalizations.HasStandardParameters(n)).ToList();
        foreach (var node in nodes)
        {
            graph.ReplaceNode(node, () =>
            {
                var (x, axis) = (node[0], node.Axis("axis", -1, node[0].Rank));
                var live = graph.AddNode("LayerNormalizationTraining", Model.SemaDomain, node.Inputs, [("epsilon", node.Float("epsilon", 1e-5f)), ("axis", axis)], 3);
                foreach (var statistic in live.Outputs.Skip(1))
                    statistic!.Shape = new(x.KnownShape.Select((size, i) => i < axis ? size : new(1)));
                return [live.Output];
            });
        }

        return nodes.Count > 0;
    }
}
