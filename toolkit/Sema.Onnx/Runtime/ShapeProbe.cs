using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Graphs.Serialization;

namespace Sema.Onnx.Runtime;

/// <summary>Learns the type and shape of every value of a model by asking ONNX Runtime, whose shape inference is the one that counts.</summary>
/// <remarks>
/// A copy of the graph that shows every value as an output is loaded, with the symbolic axes fixed; nothing is run. Weights, and other large
/// tensors of a file, become inputs of that copy: as constants they would be folded, and as inputs they need no bytes.
/// </remarks>
internal static class ShapeProbe
{
    // Small float constants may decide shapes, as the scales of a Resize do, and cost nothing to fold.
    private const long SmallConstant = 16;

    /// <summary>Fills in <see cref="Value.Type"/> and <see cref="Value.Shape"/> of the values of a model, inside bodies too.</summary>
    /// <param name="model">The model; its functions are left as they are.</param>
    /// <param name="freeDimensions">
    /// Sizes of axes, by symbol; an input's axis without a symbol is called <c>input:axis</c>, as in <c>x:0</c>. Sizes that stay open are -1.
    /// </param>
    /// <exception cref="RuntimeException">ONNX Runtime refuses the model; the sentence says why.</exception>
    public static void Annotate(Model model, IReadOnlyDictionary<string, long> freeDimensions)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(freeDimensions);
        foreach (var input in model.Graph.Inputs.Where(i => i.Initializer is null))
            input.Shape = Fixed(input, freeDimensions);
        AnnotateBodies.Run(model, Ask);
    }

    private static void Ask(Model model)
    {
        var probe = Probe(model);
        if (probe.Graph.Outputs.Count == 0)
            return;
        using var session = new Session(
            ModelWriter.Write(probe), new() { Threads = 1, Optimization = OptimizationLevel.Basic, MemoryPattern = false, Kernels = false });
        foreach (var (name, info) in session.Outputs)
        {
            if (info.Type != ElementType.Undefined && model.Graph.Find(name) is { } value)
                (value.Type, value.Shape) = (info.Type, info.Shape ?? value.Shape);
        }
    }

    private static Model Probe(Model model)
    {
        var graph = new Graph(model.Graph.Name);
        foreach (var input in model.Graph.Inputs.Where(i => i.Initializer is null))
            graph.AddInput(input.Name, input.Type, input.Shape);
        foreach (var constant in model.Graph.Initializers)
        {
            if ((constant.Type.IsFloat() && constant.Initializer!.Count > SmallConstant) || constant.Initializer!.Stretch is not null)
                graph.AddInput(constant.Name, constant.Type, constant.Shape);
            else
                graph.AddInitializer(constant.Name, constant.Initializer!);
        }

        // The nodes stay the model's own: a file is made of names.
        graph.Nodes.AddRange(model.Graph.Nodes);
        graph.Outputs.AddRange(model.Graph.Nodes.SelectMany(n => n.Outputs).Where(o => o is not null).Select(o => graph.Add(o!.Name)));

        // From version 4 on, an initializer need not be an input.
        var probe = new Model(graph) { IrVersion = Math.Max(model.IrVersion, 4) };
        foreach (var (domain, version) in model.Opsets)
            probe.Opsets[domain] = version;
        foreach (var function in model.Functions)
            probe.Functions.Add(function);
        return probe;
    }

    private static Shape? Fixed(Value input, IReadOnlyDictionary<string, long> freeDimensions) => input.Shape is not { } shape ? null
        : new Shape(shape.Select((d, axis) =>
        {
            var symbol = d.Symbol ?? $"{input.Name}:{axis}";
            return d.IsKnown ? d : freeDimensions.TryGetValue(symbol, out var size) ? new Dimension(size) : new Dimension(-1, symbol);
        }));
}
