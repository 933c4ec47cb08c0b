namespace Sema.Onnx.Graphs.Patching;

/// <summary>Where a patched tensor lies in the model.</summary>
/// <param name="Message">A <c>TensorProto</c>; or a Constant node's attribute that holds the numbers itself.</param>
/// <param name="IsTopLevel">Whether it belongs to the model's graph and not to a subgraph.</param>
/// <param name="Way">How to find the subgraph: <c>y.then_branch/</c> for that branch of the node whose first output is y; empty at the top.</param>
/// <param name="Form">The attribute's form; null for a <c>TensorProto</c>.</param>
internal sealed record TensorSite(WireMessage Message, bool IsTopLevel, string Way, ConstantForm? Form = null);
