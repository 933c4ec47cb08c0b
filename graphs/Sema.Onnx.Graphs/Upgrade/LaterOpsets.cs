namespace Sema.Onnx.Graphs.Upgrade;

/// <summary>What opsets 22 to 24 can say and 21 cannot; all else that they changed is the types that an operator takes.</summary>
/// <remarks>Their new operators are written in older ones: <see cref="Lowering.Lowerings"/>.</remarks>
internal static class LaterOpsets
{
    private static readonly (string Op, string Attribute)[] New = [("QuantizeLinear", "precision"), ("DequantizeLinear", "output_dtype")];

    internal static void Lower(Node node)
    {
        if (node.Domain.Length > 0)
            return;
        var (op, attribute) = Array.Find(New, n => n.Op == node.OpType && node.Has(n.Attribute));
        if (op is not null || node.OpType is "TensorScatter")
        {
            throw new InvalidModelException(
                $"Operator '{node.OpType}'{(attribute is null ? "" : $" with the attribute '{attribute}'")}, node {node.Label}, "
                + $"is newer than opset {Model.Opset}. Export the model again at opset {Model.Opset} or below.");
        }

        // 24: how a float8 of exponents alone is rounded, a type that nothing here has.
        if (node.OpType is "Cast" or "CastLike")
            node.Remove("round_mode");
    }
}
