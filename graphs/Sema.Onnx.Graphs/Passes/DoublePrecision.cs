namespace Sema.Onnx.Graphs.Passes;

/// <summary>Turns a float32 graph into the same graph in float64: inputs, constants, casts and all that is computed from them.</summary>
/// <remarks>
/// Run it before the gradients are appended, so that the rules write their constants in float64 as well. Operators that ONNX Runtime
/// does not compute in float64 are left for <see cref="DoubleKernels"/>. Attributes that ONNX keeps in float32 (an epsilon, a slope)
/// keep their rounded values, as the constants of the file do.
/// </remarks>
internal static class DoublePrecision
{
    // The attributes that name an element type.
    private static readonly string[] TypeNames = ["to", "dtype", "output_dtype"];

    /// <summary>Runs the pass, on inner graphs too.</summary>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Graph graph)
    {
        var changed = false;
        foreach (var value in graph.Values.Where(v => v.Type == ElementType.Float32))
        {
            (value.Type, changed) = (ElementType.Float64, true);
            if (value.Initializer is { } constant)
                value.Initializer = Widened(constant);
        }

        foreach (var node in graph.Nodes)
        {
            foreach (var attribute in node.Attributes.ToList())
            {
                if (attribute.Value is Graph inner)
                    changed |= Run(inner);
                else if (Widened(attribute) is { } wide)
                {
                    node.Remove(attribute.Name);
                    node.Set(wide);
                    changed = true;
                }
            }

            // Without a value ConstantOfShape makes float32 zeros.
            if (node.OpType == "ConstantOfShape" && node.Domain.Length == 0 && !node.Has("value"))
            {
                node.Set(("value", new Tensor(ElementType.Float64, [1], new byte[sizeof(double)])));
                changed = true;
            }
        }

        return changed;
    }

    private static Attribute? Widened(Attribute attribute) => attribute switch
    {
        { Value: Tensor { Type: ElementType.Float32 } tensor } => (attribute.Name, Widened(tensor)),
        { Value: (long)ElementType.Float32 } when TypeNames.Contains(attribute.Name) => (attribute.Name, (long)ElementType.Float64),
        { Name: "value_float", Value: float scalar } => ("value", Tensor.Scalar(scalar, ElementType.Float64)),
        { Name: "value_floats", Value: float[] vector } => ("value", Widened(Tensor.Floats([vector.Length], vector))),
        _ => null,
    };

    private static Tensor Widened(Tensor tensor) => new(
        ElementType.Float64, [.. tensor.Dims], System.Runtime.InteropServices.MemoryMarshal.AsBytes<double>(tensor.ToFloat64()).ToArray());
}
