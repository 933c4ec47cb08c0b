using System.Runtime.InteropServices;
using Sema.Onnx.Data;
using Sema.Onnx.Data.Batches;
using Sema.Onnx.Data.Transforms;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Losses;
using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Graphs.Serialization;

namespace Sema.Onnx.Training;

/// <summary>A data set in the form that a model takes: how samples are turned into its inputs, and batches of them.</summary>
internal sealed class RunData
{
    private readonly IReadOnlyList<Value> _inputs;
    private readonly Dictionary<string, ISampleTransform> _sampled = [];
    private readonly Dictionary<string, SharedInput> _shared = [];
    private readonly ISampleTransform _target;
    private readonly IDataset _first;

    private RunData(IReadOnlyList<Value> inputs, IDataset data, PixelOptions pixels, ISampleTransform target)
    {
        (_inputs, _first, _target) = (inputs, data, target);
        var found = ModelInputs.Find(inputs, data);
        var sources = inputs.Where(i => found[i.Name] is null or SampledArray).ToDictionary(i => i, i => (found[i.Name] as SampledArray)?.Spec ?? data.Input);
        if (sources.Count == 0)
            throw new DataException($"None of the model's inputs ({ModelInputs.Listed(inputs)}) varies with the samples; give an array with one entry a sample for one of them.");
        foreach (var (input, source) in sources)
            _sampled[input.Name] = Transform(input, source, sources.Count == 1, pixels);
        if (sources.Count > 1 && pixels.ConcernsImages && sources.Values.All(s => ImageShape.Of(s) is null))
            throw new DataException("None of the data's arrays holds images; leave out --scale, --mean, --std, --channels and --resize.");
        var sizes = Sizes(sources.Keys);
        foreach (var input in inputs.Where(i => !sources.ContainsKey(i)))
            _shared[input.Name] = new(input, sizes);
    }

    /// <summary>Finds the way from samples to a model's inputs.</summary>
    /// <param name="model">The .onnx file.</param>
    /// <param name="data">Samples of the kind that is used; all further data sets must be alike.</param>
    /// <param name="pixels">What is done to images.</param>
    /// <param name="loss">What the targets are for.</param>
    /// <param name="ownType">Whether the model is fed in its own float types; training graphs take float32.</param>
    internal static RunData For(string model, IDataset data, PixelOptions pixels, Loss loss, bool ownType = false)
    {
        var graph = ModelReader.Read(model).Graph;
        var inputs = Composer.Inputs(graph);
        var types = inputs.Select(i => ownType ? i.Type : FloatTypes.OfInput(graph, i.Type)).ToList();
        foreach (var (input, type) in inputs.Zip(types))
            input.Type = type;
        return new(inputs, data, pixels, Preprocessing.ForTarget(data.Target, loss.TargetType(ElementType.Float32)));
    }

    /// <summary>Gets the sizes of a batch of each input.</summary>
    internal IReadOnlyDictionary<string, IReadOnlyList<long>> InputShapes(int batch)
    {
        var found = ModelInputs.Find(_inputs, _first);
        return _inputs.ToDictionary(i => i.Name, i => (IReadOnlyList<long>)(
            _sampled.TryGetValue(i.Name, out var sampled) ? [batch, .. sampled.Result.Shape.Select(s => (long)s)]
            : found[i.Name] is SharedArray array ? _shared[i.Name].Shape(array, batch, _first.Count)
            : _shared[i.Name].Shape(batch)));
    }

    /// <summary>Gets the sizes of a batch of targets.</summary>
    internal long[] TargetShape(int batch) => [batch, .. _target.Result.Shape.Select(s => (long)s)];

    /// <summary>Gets the batch size that a model insists on, or the one asked for.</summary>
    internal int OwnBatch(Graph graph, int asked) =>
        Composer.Inputs(graph).FirstOrDefault(i => _sampled.ContainsKey(i.Name) && i.Shape is { Rank: > 0 } shape && shape[0].IsKnown)?.Shape![0].Size is { } own ? (int)own : asked;

    internal BatchLoader Training(IDataset data, TrainerOptions options, LabelNoise? noise = null) =>
        new(data, Options(data, options.BatchSize) with { Seed = (ulong)options.Seed, Augmentation = options.Augmentation, LabelNoise = noise });

    internal BatchLoader Evaluation(IDataset data, int batch) => new(data, Options(data, batch));

    /// <summary>Checks every class target of a data set, so that a wrong one stops a run before it begins.</summary>
    /// <exception cref="DataException">A target is neither a class nor the ignored one.</exception>
    internal void CheckLabels(IDataset data, long classes, long? ignore, string split)
    {
        var input = new byte[data.Arrays.Count > 0 ? 0 : data.Input.ByteCount];
        var (stored, target) = (new byte[data.Target.ByteCount], new byte[_target.Result.ByteCount]);
        for (var i = 0; i < data.Count; i++)
        {
            data.Read(i, input, stored);
            _target.Apply(stored, target);
            ClassLabels.Check(MemoryMarshal.Cast<byte, long>(target.AsSpan()), classes, ignore, split);
        }
    }

    private BatchLoaderOptions Options(IDataset data, int batch)
    {
        var found = ModelInputs.Find(_inputs, data);
        foreach (var (name, transform) in _sampled)
        {
            var samples = found[name] is InputArray array ? array.Spec : data.Input;
            if (found[name] is not (null or SampledArray) || !samples.Equals(transform.Source) || !data.Target.Equals(_target.Source))
            {
                throw new DataException(
                    $"The samples {samples} with targets {data.Target} are not like the first set's, {transform.Source} with {_target.Source}{(_inputs.Count > 1 ? $", for the input '{name}'" : "")}; training and evaluation data must be alike.");
            }
        }

        return new()
        {
            BatchSize = batch,
            Inputs = [.. _sampled.Select(s => new BatchInput(s.Key, s.Value, found[s.Key] as SampledArray))],
            Constants = _shared.ToDictionary(s => s.Key, s => Constant(s.Value, found[s.Key], data, batch)),
            Target = _target,
        };
    }

    private static byte[] Constant(SharedInput input, object? found, IDataset data, int batch)
    {
        if (found is double number)
            return input.Fill(number, batch);
        if (found is not SharedArray array)
            throw new DataException($"The input '{input.Name}' is the same for all samples in the first data set and not in another; training and evaluation data must be alike.");
        _ = input.Shape(array, batch, data.Count);
        return input.Fill(array);
    }

    private static ISampleTransform Transform(Value input, ArraySpec source, bool isOnly, PixelOptions pixels)
    {
        if (input.Shape is { Rank: 0 })
            throw new DataException($"The model's input '{input.Name}' is one {input.Type.Name()} for all samples, but the data hold one a sample; save a single number, or give it with --input {input.Name}=VALUE.");
        int[] sample = input.Shape is { } shape ? [.. shape.Skip(1).Select(d => (int)d.Size)] : [.. source.Shape];
        try
        {
            // What is said of pixels is said of images.
            return Preprocessing.For(source, new ModelInput(input.Type, sample), isOnly || ImageShape.Of(source) is not null ? pixels : new());
        }
        catch (DataException e) when (!isOnly)
        {
            throw new DataException($"For the input '{input.Name}': {e.Message}", e);
        }
    }

    // What the samples tell of axes by name; the first is the batch's.
    private Dictionary<string, long?> Sizes(IEnumerable<Value> sampled)
    {
        var sizes = new Dictionary<string, long?>();
        foreach (var input in sampled.Where(i => i.Shape is not null))
        {
            foreach (var (axis, d) in input.Shape!.Index().Where(d => d.Item.Symbol is not null))
                sizes.TryAdd(d.Symbol!, axis == 0 ? null : _sampled[input.Name].Result.Shape[axis - 1]);
        }

        return sizes;
    }
}
