namespace Sema.Onnx.Graphs.Upgrade;

/// <summary>What opsets 22 and 23 can say and 21 cannot; all else that they changed is the types that an operator takes.</summary>
internal static class LaterOpsets
{
    // (operator, attribute that is new; null where the operator is)
    private static readonly (string Op, string? Attribute)[] New =
    [
        ("Attention", null),
        ("RMSNormalization", null),
        ("RotaryEmbedding", null),
        ("QuantizeLinear", "precision"),
        ("DequantizeLinear", "output_dtype"),
    ];

    internal static void RefuseUnknown(Node node)
    {
        var (op, attribute) = Array.Find(New, n => n.Op == node.OpType && (n.Attribute is null || node.Has(n.Attribute)));
        if (op is not null && node.Domain.Length == 0)
        {
            throw new InvalidModelException(
                $"Operator '{op}'{(attribute is null ? "" : $" with the attribute '{attribute}'")}, node {node.Label}, "
                + $"is newer than opset {Model.Opset}. Export the model again at opset {Model.Opset} or below.");
        }
    }
}
