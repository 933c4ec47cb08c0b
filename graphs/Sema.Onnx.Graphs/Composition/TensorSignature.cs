namespace Sema.Onnx.Graphs.Composition;

/// <summary>The name, type and sizes of an input or output.</summary>
/// <param name="Name">Its name in the graph.</param>
/// <param name="Type">Its elements' type.</param>
/// <param name="Shape">Its sizes, outermost first.</param>
public sealed record TensorSignature(string Name, ElementType Type, IReadOnlyList<long> Shape);
