namespace Sema.Onnx.Graphs.Autodiff;

/// <summary>A trainable weight reaches the loss through an operator that has no gradient rule.</summary>
public sealed class GradientNotDefinedException : NotSupportedException
{
    internal GradientNotDefinedException(Node node, IReadOnlyList<string> weights)
        : base($"No gradient rule for operator '{node.QualifiedType}' (opset {Model.Opset}), node {node.Label}: {Signature(node)}. "
               + $"Needed because {Named(weights)} the loss through it. Freeze {(weights.Count == 1 ? "it" : "them")} "
               + $"(--freeze \"{(weights.Count > 0 ? weights[0] : "PATTERN")}\"), or take another output of the model (--output).") =>
        (Node, Operator, Weights) = (node.Name.Length > 0 ? node.Name : node.Outputs.FirstOrDefault(o => o is not null)?.Name ?? "", node.QualifiedType, weights);

    /// <summary>Gets the node without a rule: its name, or that of its first output where it has none.</summary>
    public string Node { get; }

    /// <summary>Gets the operator without a rule.</summary>
    public string Operator { get; }

    /// <summary>Gets the weights whose gradients would pass through it.</summary>
    public IReadOnlyList<string> Weights { get; }

    private static string Signature(Node node) =>
        $"{string.Join(", ", node.Inputs.Select(i => i is null ? "-" : $"'{i.Name}' {i.Shape}"))} → "
        + string.Join(", ", node.Outputs.Select(o => o is null ? "-" : $"{o.Shape}"));

    private static string Named(IReadOnlyList<string> weights) => weights.Count switch
    {
        1 => $"the weight '{weights[0]}' reaches",
        <= 3 => $"the weights {string.Join(", ", weights.Select(w => $"'{w}'"))} reach",
        _ => $"the weights '{weights[0]}', '{weights[1]}' and {weights.Count - 2} more reach",
    };
}
