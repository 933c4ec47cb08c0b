namespace Sema.Onnx.Graphs.Upgrade;

/// <summary>Recurrent operators.</summary>
internal static class RecurrentAdapters
{
    private static readonly string[] Names = ["RNN", "GRU", "LSTM"];

    /// <summary>
    /// Brings layout 1 (batch before time; opset 14 has it) to layout 0 by transposes: ONNX Runtime's CPU provider refuses the former.
    /// </summary>
    internal static Node? TimeFirst(Node node)
    {
        if (node.Domain.Length > 0 || !Names.Contains(node.OpType) || node.Int("layout", 0) == 0)
            return node;
        var inputs = node.Inputs.Select((x, i) => i is 0 or 5 or 6 ? x?.Transpose(1, 0, 2) : x).ToList();
        var made = node.Graph.AddNode(node.OpType, "", inputs, node.Attributes.Where(a => a.Name != "layout"), 0);
        return node.ReplacedBy([.. node.Outputs.Select((old, i) => old is null ? null
            : i == 0 ? made.NeedOutput(i, old.Type).Transpose(2, 0, 1, 3)
            : made.NeedOutput(i, old.Type).Transpose(1, 0, 2))]);
    }
}
