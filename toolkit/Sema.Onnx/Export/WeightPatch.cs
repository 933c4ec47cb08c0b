using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Graphs.Patching;

namespace Sema.Onnx.Export;

/// <summary>Says what a model file must change to hold trained weights: the tensors that differ, and the shapes that follow.</summary>
internal static class WeightPatch
{
    /// <summary>Makes the patch.</summary>
    /// <param name="model">A fresh read of the original; it is changed.</param>
    /// <param name="manifest">What was trained.</param>
    /// <param name="weights">The weights by initializer name.</param>
    /// <param name="options">A new head, averaged weights to add.</param>
    /// <exception cref="ExportException">The weights do not belong to the model.</exception>
    internal static ModelPatch Build(
        Model model, Manifest manifest, IReadOnlyDictionary<string, ReadOnlyMemory<float>> weights, ExportOptions options)
    {
        HoistConstants.Run(model.Graph);
        var original = model.Graph.Initializers.ToDictionary(v => v.Name, v => v.Initializer!);
        IReadOnlyDictionary<string, IReadOnlyList<long?>> shapes = new Dictionary<string, IReadOnlyList<long?>>();
        var tensors = new Dictionary<string, TensorPatch>();
        if (options.Classes is { } classes)
        {
            var declared = HeadShapes.Declared(model.Graph);
            var composer = new Composer(new() { Classes = classes, Output = options.Output, Seed = options.Seed }, _ => { });
            var head = ClassifierHead.Replace(composer.Prediction(model.Graph), classes, options.Seed);
            foreach (var (name, tensor) in head)
                tensors[name] = new(tensor.Dims, tensor.Data);
            shapes = HeadShapes.Changed(model, declared, head.Keys);
        }

        foreach (var parameter in manifest.Layout.Parameters)
        {
            if (model.Graph.Find(parameter.Name)?.Initializer is not { } tensor)
                throw Foreign($"it has no initializer '{parameter.Name}'");
            if (!tensor.Dims.SequenceEqual(parameter.Shape))
            {
                throw Foreign($"its '{parameter.Name}' has the shape {tensor.Shape}, and {Shape.Of(parameter.Shape)} was trained"
                    + (options.Classes is null ? " (was a new head asked for? then export with the same number of classes)" : ""));
            }

            // Checked now, encoded when it is written: the patch of a large model holds none of it.
            Find(weights, parameter, "the weights");
            tensors[parameter.Name] = new(tensor.Dims, DeferredBytes.Of(
                (int)tensor.ByteLength, () => Encode(parameter, tensor.Type, weights[parameter.Name])));
        }

        foreach (var name in tensors.Keys.Where(name => IsSame(original[name], tensors[name])).ToList())
            tensors.Remove(name);
        return new() { Tensors = tensors, ValueShapes = shapes, AddedInitializers = Shadows(manifest, options) };
    }

    private static Dictionary<string, AddedInitializer> Shadows(Manifest manifest, ExportOptions options) => options.Shadows
        .SelectMany(average => manifest.Layout.Parameters.Select(p => (
            Name: $"sema.{average.Key}/{p.Name}",
            Tensor: new AddedInitializer((int)ElementType.Float32, p.Shape,
                Encode(p, ElementType.Float32, Find(average.Value, p, $"the average '{average.Key}'"))))))
        .ToDictionary(added => added.Name, added => added.Tensor);

    private static ReadOnlyMemory<float> Find(IReadOnlyDictionary<string, ReadOnlyMemory<float>> weights, Parameter parameter, string what)
    {
        if (!weights.TryGetValue(parameter.Name, out var values))
            throw new ExportException($"There is no '{parameter.Name}' among {what}; all parameters of the training graphs are needed.");
        if (values.Length != parameter.Count)
            throw new ExportException($"'{parameter.Name}' has {values.Length} elements in {what}, and its shape {Shape.Of(parameter.Shape)} takes {parameter.Count}.");
        if (values.Length > 0 && !float.IsFinite(TensorPrimitives.MaxMagnitude(values.Span)))
            throw new ExportException($"'{parameter.Name}' holds NaN or infinity in {what}; export an earlier checkpoint, from before the training diverged.");
        return values;
    }

    private static ReadOnlyMemory<byte> Encode(Parameter parameter, ElementType type, ReadOnlyMemory<float> values)
    {
        switch (type)
        {
            case ElementType.Float32:
                return MemoryMarshal.AsBytes(values.Span).ToArray();
            case ElementType.Float16:
                var halves = new Half[values.Length];
                TensorPrimitives.ConvertToHalf(values.Span, halves);
                return MemoryMarshal.AsBytes(halves.AsSpan()).ToArray();
            case ElementType.Float64:
                return MemoryMarshal.AsBytes(Array.ConvertAll(values.ToArray(), v => (double)v).AsSpan()).ToArray();
            default:
                throw Foreign($"its '{parameter.Name}' is {type.Name()}, which trained weights are not written as");
        }
    }

    private static bool IsSame(Graphs.Tensor old, TensorPatch now) => old.IsSame(new(old.Type, [.. now.Dims], now.Data));

    private static ExportException Foreign(string why) =>
        new($"The weights do not belong to this model: {why}. Export into the file that the training graphs were made from.");
}
