using Sema.Onnx.Graphs.Autodiff.Rules;

namespace Sema.Onnx.Graphs.Passes;

/// <summary>
/// Puts an LSTM, a GRU with linear_before_reset or an RNN into its training form, which hands out what the gradient needs: full sequences, the standard's
/// own activations, no peepholes, clipping and coupled gates. Other forms stay, and their gradients compute them again.
/// </summary>
internal static class TrainingRecurrence
{
    /// <summary>Runs the pass; it does not reach into bodies.</summary>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Graph graph)
    {
        var nodes = graph.Nodes.Where(n => n.Domain.Length == 0 && IsPlain(n)).ToList();
        foreach (var node in nodes)
            graph.ReplaceNode(node, () => Training(node));
        return nodes.Count > 0;
    }

    private static bool IsPlain(Node node) => node.OpType switch
    {
        "LSTM" => node.Optional(7) is null && node.Int("input_forget", 0) == 0 && IsPlain(node, "Sigmoid", "Tanh", "Tanh"),
        "GRU" => node.Int("linear_before_reset", 0) != 0 && IsPlain(node, "Sigmoid", "Tanh"),
        "RNN" => IsPlain(node, "Tanh"),
        _ => false,
    };

    // Activations may be named all the same, once for each direction.
    private static bool IsPlain(Node node, params string[] activations) => node.Optional(4) is null && node.Int("layout", 0) == 0 && !node.Has("clip")
        && (node.Get<string[]>("activations") is not { } given || given.Index().All(a => a.Item.Equals(activations[a.Index % activations.Length], StringComparison.OrdinalIgnoreCase)));

    private static Value[] Training(Node node)
    {
        var (s, gates) = (new Sequences(node), node.OpType switch { "LSTM" => 4, "GRU" => 3, _ => 1 });
        var a = s.Times(s.Read(node[0]), s.Width, node[1], gates);
        Value?[] states = node.OpType == "LSTM" ? [s.Initial(5), s.Initial(6)] : [s.Initial(5)];
        var made = node.Graph.AddNode($"{node.OpType}Training", Model.SemaDomain, [a, Bias(node, s, gates), .. states, node[2]], [],
            node.OpType switch { "LSTM" => 5, "GRU" => 4, _ => 2 }).Outputs;
        return [s.Unordered(made[0]!), .. made[1..(1 + states.Length)]!];
    }

    // The biases of W and of R together, but for those of a GRU's candidate, which its reset gate keeps apart.
    private static Value Bias(Node node, Sequences s, int gates)
    {
        var apart = node.OpType == "GRU";
        if (node.Optional(3) is not { } both)
            return node[0].ZerosOf(node.Graph.Vector(s.Directions, (apart ? 4 : gates) * s.Hidden));
        var halves = Sequences.Parts(both, 2);
        if (!apart)
            return halves[0] + halves[1];
        Value[] w = Sequences.Parts(halves[0], 3), r = Sequences.Parts(halves[1], 3);
        return Operators.Concat([w[0] + r[0], w[1] + r[1], w[2], r[2]], 1);
    }
}
