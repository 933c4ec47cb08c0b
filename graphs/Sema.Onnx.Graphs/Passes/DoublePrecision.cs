namespace Sema.Onnx.Graphs.Passes;

/// <summary>Turns a float32 graph into the same graph in float64, for checks.</summary>
/// <remarks>
/// Run it before the gradients are appended. Operators that ONNX Runtime does not compute in float64 are left for
/// <see cref="DoubleKernels"/>.
/// </remarks>
internal static class DoublePrecision
{
    /// <summary>Runs the pass, on inner graphs too.</summary>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Graph graph) => FloatTypes.Change(graph, [ElementType.Float32], ElementType.Float64);
}
