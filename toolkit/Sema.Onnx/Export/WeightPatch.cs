using System.Numerics.Tensors;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Lowering;
using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Graphs.Patching;
using Sema.Onnx.Inspection;

namespace Sema.Onnx.Export;

/// <summary>Says what a model file must change to hold trained weights: the tensors that differ, and the shapes that follow.</summary>
internal static class WeightPatch
{
    /// <summary>Makes the patch.</summary>
    /// <param name="model">A fresh read of the original; it is changed.</param>
    /// <param name="manifest">What was trained.</param>
    /// <param name="weights">The weights by initializer name.</param>
    /// <param name="options">A new head, averaged weights to add.</param>
    /// <returns>The patch, and the weights by name, those of a float type rounded as the file holds them.</returns>
    /// <exception cref="ExportException">The weights do not belong to the model.</exception>
    internal static (ModelPatch Patch, IReadOnlyDictionary<string, ReadOnlyMemory<float>> Stored) Build(
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
            FloatTypes.ToFloat32(model);
            shapes = HeadShapes.Changed(model, declared, head.Keys);
        }

        var storage = StorageOf(model);
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
            tensors[parameter.Name] = new(Of(parameter.Name).Dims ?? tensor.Dims, DeferredBytes.Of(
                (int)Of(parameter.Name).Type.ByteLength(parameter.Count), () => Encode(parameter, Of(parameter.Name), weights[parameter.Name])));
        }

        // Quantised weights stay as they were trained: that the graph rounds them as the file does is part of the proof.
        var stored = new DeferredWeights(manifest.Layout.Parameters.Select(p => p.Name), name => Of(name) is { Grid: null, Type: not ElementType.Float32 } floats
            ? floats.Decode(tensors.TryGetValue(name, out var patch) ? patch.Data : floats.Encode(weights[name].Span))
            : weights[name]);
        foreach (var name in tensors.Keys.Where(name => IsSame(original[name], tensors[name])).ToList())
            tensors.Remove(name);
        return (new() { Tensors = tensors, ValueShapes = shapes, AddedInitializers = Shadows(manifest, options) }, stored);

        Storage Of(string name) => storage.GetValueOrDefault(name, Storage.Plain);
    }

    private static Dictionary<string, AddedInitializer> Shadows(Manifest manifest, ExportOptions options) => options.Shadows
        .SelectMany(average => manifest.Layout.Parameters.Select(p => (
            Name: $"sema.{average.Key}/{p.Name}",
            Tensor: new AddedInitializer((int)ElementType.Float32, p.Shape,
                Encode(p, Storage.Plain, Find(average.Value, p, $"the average '{average.Key}'"))))))
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

    // How the file stores each weight: what composition finds when it brings the model to float32.
    private static Dictionary<string, Storage> StorageOf(Model model)
    {
        if (Lowerings.Occur(model))
            FreeAxes.Learn(model, new Dictionary<string, IReadOnlyList<long>>());
        CanonicalForm.Upgrade(model);
        FloatTypes.ToFloat32(model);
        _ = IntegerOperators.Run(model.Graph) | FakeQuantization.Run(model);
        return model.Graph.Initializers.Where(v => v.Storage is not null).ToDictionary(v => v.Name, v => v.Storage!);
    }

    private static ReadOnlyMemory<byte> Encode(Parameter parameter, Storage storage, ReadOnlyMemory<float> values)
    {
        var stored = storage.Encode(values.Span);
        if (storage.Type is ElementType.Float16 or ElementType.BFloat16 && Array.FindIndex(storage.Decode(stored), v => !float.IsFinite(v)) is >= 0 and var i)
            throw new ExportException($"'{parameter.Name}' holds {values.Span[i]}, which is beyond its type in the model, {storage.Type.Name()}; export an earlier checkpoint, or train with a lower learning rate.");
        return stored;
    }

    private static bool IsSame(Graphs.Tensor old, TensorPatch now) => old.IsSame(new(old.Type, [.. now.Dims], now.Data));

    private static ExportException Foreign(string why) =>
        new($"The weights do not belong to this model: {why}. Export into the file that the training graphs were made from.");
}
