using Sema.Onnx.Graphs.Autodiff.Rules;

namespace Sema.Onnx.Graphs.Passes;

/// <summary>
/// Makes each convolution whose weights are trained a call of <c>com.sema.Convolution</c>: ONNX Runtime's own is fast only where they are constants.
/// </summary>
internal static class KernelConvolutions
{
    /// <summary>Runs the pass on a finished graph; the shapes of what convolutions read must be known.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="trained">Whether a weight changes.</param>
    internal static void Run(Graph graph, Func<Value, bool> trained)
    {
        foreach (var node in graph.Nodes.Where(n => n is { OpType: "Conv", Domain.Length: 0 } && n.Output.Type == ElementType.Float32 && trained(n[1])).ToList())
        {
            graph.ReplaceNode(node, () =>
            {
                var call = graph.AddNode("Convolution", Model.SemaDomain, node.Inputs, [.. Window.Of(node).Attributes, ("group", node.Int("group", 1))], 1);
                (call.Output.Type, call.Output.Shape) = (node.Output.Type, node.Output.Shape);
                return [call.Output];
            });
        }
    }
}
