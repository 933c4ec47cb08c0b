namespace Sema.Onnx.Graphs.Passes;

/// <summary>Turns a graph into the same graph in another float type: inputs, constants, casts and all that is computed from them.</summary>
/// <remarks>
/// Run it before shapes are asked for and gradients are appended, so that everything after it writes its constants in the new type as
/// well. Attributes that ONNX keeps in float32 (an epsilon, a slope) keep their values.
/// </remarks>
internal static class FloatTypes
{
    // The attributes that name an element type.
    private static readonly string[] TypeNames = ["to", "dtype", "output_dtype"];

    /// <summary>Brings what a model stores or computes in half precision to float32, and a float64 model as well.</summary>
    /// <returns>Whether anything changed.</returns>
    internal static bool ToFloat32(Model model)
    {
        var from = Widened(model.Graph);
        var changed = model.Functions.Select(f => f.Body).Prepend(model.Graph).ToList().Aggregate(false, (any, graph) => Change(graph, from, ElementType.Float32) | any);
        foreach (var value in BehindCasts(model.Graph))
            changed |= Change(value, ElementType.Float32);
        return changed;
    }

    /// <summary>Gets the type that a model's input has in its training graphs.</summary>
    internal static ElementType OfInput(Graph graph, ElementType type) => Widened(graph).Contains(type) ? ElementType.Float32 : type;

    /// <summary>Changes the types of a graph, on inner graphs too.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="from">The float types to replace.</param>
    /// <param name="to">The float type that replaces them.</param>
    /// <returns>Whether anything changed.</returns>
    internal static bool Change(Graph graph, IReadOnlyCollection<ElementType> from, ElementType to)
    {
        var changed = false;
        foreach (var value in graph.Values.Where(v => from.Contains(v.Type)))
            changed |= Change(value, to);
        foreach (var node in graph.Nodes)
        {
            foreach (var attribute in node.Attributes.ToList())
            {
                if (attribute.Value is Graph inner)
                    changed |= Change(inner, from, to);
                else if (Changed(attribute, from, to) is { } other)
                {
                    node.Remove(attribute.Name);
                    node.Set(other);
                    changed = true;
                }
            }

            // Without a value ConstantOfShape makes float32 zeros.
            if (from.Contains(ElementType.Float32) && node is { OpType: "ConstantOfShape", Domain.Length: 0 } && !node.Has("value"))
            {
                node.Set(("value", Changed(Tensor.Floats([1], [0]), to)));
                changed = true;
            }
        }

        return changed;
    }

    private static bool Change(Value value, ElementType to)
    {
        if (value.Initializer is { } constant)
            (value.Initializer, value.Storage) = (Changed(constant, to), value.Storage ?? new(constant.Type));
        value.Type = to;
        return true;
    }

    private static Attribute? Changed(Attribute attribute, IReadOnlyCollection<ElementType> from, ElementType to) => attribute switch
    {
        { Value: Tensor tensor } when from.Contains(tensor.Type) => (attribute.Name, Changed(tensor, to)),
        { Value: long type } when TypeNames.Contains(attribute.Name) && from.Contains((ElementType)type) => (attribute.Name, (long)to),
        { Name: "value_float", Value: float scalar } when from.Contains(ElementType.Float32) => ("value", Tensor.Scalar(scalar, to)),
        { Name: "value_floats", Value: float[] vector } when from.Contains(ElementType.Float32) => ("value", Changed(Tensor.Floats([vector.Length], vector), to)),
        _ => null,
    };

    private static Tensor Changed(Tensor tensor, ElementType to) => new(to, [.. tensor.Dims], to == ElementType.Float64
        ? System.Runtime.InteropServices.MemoryMarshal.AsBytes<double>(tensor.ToFloat64()).ToArray()
        : FloatBytes.Encode(to, tensor.ToFloat32()));

    // A few float64 numbers in a float32 model are there for their digits: sizes, positions. A model of them is float64 throughout.
    private static ElementType[] Widened(Graph graph)
    {
        var floats = graph.Initializers.Where(v => v.Type.IsFloat()).ToLookup(v => (v.Storage?.Type ?? v.Type) == ElementType.Float64, v => v.Initializer!.Count);
        return floats[true].Sum() > floats[false].Sum()
            ? [ElementType.Float16, ElementType.BFloat16, ElementType.Float64]
            : [ElementType.Float16, ElementType.BFloat16];
    }

    // A constant that is only read as float32 may stand there as float32.
    private static List<Value> BehindCasts(Graph graph)
    {
        var elsewhere = graph.Nodes.Where(n => n.OpType != "Cast").SelectMany(n => n.Inputs.OfType<Value>())
            .Concat(graph.Nodes.SelectMany(n => n.Captured)).Concat(graph.Outputs).ToHashSet();
        return [.. graph.Initializers.Where(v => v.Type == ElementType.Float64 && !elsewhere.Contains(v)
            && graph.Nodes.Where(n => n.Inputs.Contains(v)).All(n => n.Int("to", 0) == (long)ElementType.Float32))];
    }
}
