namespace Sema.Onnx.Graphs.Passes;

/// <summary>Puts a constant in the place of random numbers, so that a graph computes the same whenever it runs: for checks alone.</summary>
internal static class FixedNoise
{
    private const double Noise = 0.5;

    private static readonly HashSet<string> Random = ["RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike"];

    /// <summary>Runs the pass.</summary>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Graph graph)
    {
        var nodes = graph.Nodes.Where(n => n.Domain.Length == 0 && Random.Contains(n.OpType)).ToList();
        foreach (var node in nodes)
        {
            graph.ReplaceNode(node, () =>
            [
                graph.Scalar(Noise, node.Output.Type).Expand(node.Optional(0)?.DynamicShape() ?? graph.Vector(node.Ints("shape") ?? [])),
            ]);
        }

        return nodes.Count > 0;
    }
}
