namespace Sema.Onnx.Graphs.Upgrade;

/// <summary>Scan.</summary>
internal static class ScanAdapters
{
    /// <summary>Scan 8 has a batch axis in front of every input and output; here an outer Scan goes over it, without a state.</summary>
    internal static Node? OverBatch(Node node)
    {
        if (node.Optional(0) is { } lengths)
        {
            throw new InvalidModelException(
                $"Operator 'Scan', node {node.Label}: sequence lengths ('{lengths.Name}') were given up in opset 9. "
                + "Export the model again at opset 9 or later.");
        }

        var body = node.Get<Graph>("body") ?? throw new InvalidModelException($"Operator 'Scan', node {node.Label}, lacks its body.");
        var inputs = node.Inputs.Skip(1).OfType<Value>().ToArray();
        var row = new Graph($"{body.Name}_row", node.Graph);
        var inner = row.AddNode("Scan", "", inputs.Select(i => row.AddInput(row.UniqueName($"{i.Name}_row"), i.Type, null)),
            [new("body", body), ("num_scan_inputs", node.Int("num_scan_inputs", 0))], node.Outputs.Count);
        if (node.Ints("directions") is { } directions)
            inner.Set(("scan_input_directions", directions));
        body.Parent = row;
        row.Outputs.AddRange(inner.Outputs.Select((made, i) => made!.As(node.Outputs[i]?.Type ?? ElementType.Undefined)));
        return node.ReplacedBy(
            node.Graph.AddNode("Scan", "", inputs, [new("body", row), ("num_scan_inputs", inputs.Length)], node.Outputs.Count).Outputs);
    }
}
