using Sema.Onnx.Graphs.Autodiff.Rules;

namespace Sema.Onnx.Graphs.Passes;

/// <summary>
/// Puts an LSTM of full sequences, without peepholes, clipping, coupled gates and activations of its own, into its training form, which hands out what
/// the gradient needs; other forms stay, and their gradients compute it again.
/// </summary>
internal static class TrainingLstm
{
    /// <summary>Runs the pass; it does not reach into bodies.</summary>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Graph graph)
    {
        var nodes = graph.Nodes.Where(n => n is { OpType: "LSTM", Domain.Length: 0 } && IsPlain(n)).ToList();
        foreach (var node in nodes)
            graph.ReplaceNode(node, () => Training(node));
        return nodes.Count > 0;
    }

    private static bool IsPlain(Node node) => node.Optional(4) is null && node.Optional(7) is null
        && node.Int("layout", 0) == 0 && node.Int("input_forget", 0) == 0 && !node.Has("clip") && !node.Has("activations");

    private static Value[] Training(Node node)
    {
        var (s, graph) = (new Sequences(node), node.Graph);
        var a = s.Times(s.Read(node[0]), s.Width, node[1], 4);
        var biases = node.Optional(3) is { } both ? Sequences.Parts(both, 2) : null;
        var bias = biases is null ? a.ZerosOf(graph.Vector(s.Directions, 4 * s.Hidden)) : biases[0] + biases[1];
        var made = graph.AddNode("LSTMTraining", Model.SemaDomain, [a, bias, s.Initial(5), s.Initial(6), node[2]], [], 5).Outputs;
        return [s.Unordered(made[0]!), made[1]!, made[2]!];
    }
}
