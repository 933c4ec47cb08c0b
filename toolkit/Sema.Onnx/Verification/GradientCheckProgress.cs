namespace Sema.Onnx.Verification;

/// <summary>How far a check of gradients is.</summary>
/// <param name="Parameter">The parameter checked last.</param>
/// <param name="Done">The number of parameters checked.</param>
/// <param name="Of">The number of parameters to check in this draw of inputs.</param>
/// <param name="Draw">The draw of inputs, from 1.</param>
public sealed record GradientCheckProgress(string Parameter, int Done, int Of, int Draw);
