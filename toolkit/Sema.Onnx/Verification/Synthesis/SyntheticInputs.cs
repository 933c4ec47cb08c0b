using Sema.Onnx.Data.Batches;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Verification.Synthesis;

/// <summary>Inputs that a model runs on, drawn from a seed: for checks of any model without data.</summary>
internal sealed class SyntheticInputs : IDisposable
{
    private readonly IReadOnlyList<Value> _inputs;
    private readonly Dictionary<string, InputValues> _values;
    private readonly GradientCheckOptions _options;
    private readonly IReadOnlyDictionary<string, Shape> _declared;
    private readonly Session _session;
    private readonly long _length;
    private readonly int _way;

    /// <summary>Finds sizes and values that a model runs on with finite results: images smaller than declared where it runs on such.</summary>
    /// <param name="path">The model's file.</param>
    /// <param name="options">The seed, and what the caller has decided.</param>
    /// <returns>The inputs, and the model as read, with its inputs declared so.</returns>
    /// <exception cref="InvalidModelException">The model is malformed, or none were found; the sentence tells the runtime's first objection.</exception>
    /// <exception cref="RuntimeException">ONNX Runtime cannot load the model.</exception>
    internal static (SyntheticInputs Inputs, Model Model) Find(string path, GradientCheckOptions options)
    {
        var settings = new SessionSettings { Threads = options.Threads, Optimization = OptimizationLevel.Basic };
        var model = ModelReader.Read(path);
        var upgraded = OldOpset.Upgrade(model);
        foreach (var (side, fit) in SmallerImages.Of(model.Graph, options.Shapes).SelectMany(side => new[] { (side, false), (side, true) }))
        {
            var smaller = ModelReader.Read(path);
            OldOpset.Upgrade(smaller);
            var declared = SmallerImages.Declare(smaller.Graph, side, fit, options.Shapes);
            try
            {
                return (new(smaller.Graph, options, () => new(smaller, settings), declared), smaller);
            }
            catch (Exception e) when (e is RuntimeException or InvalidModelException)
            {
                // The model is made for larger images; what is wrong at the declared size as well is said there.
            }
        }

        return (new(model.Graph, options, () => upgraded ? new(model, settings) : new(path, settings), new Dictionary<string, Shape>()), model);
    }

    /// <summary>Finds sizes and values that a model runs on with finite results.</summary>
    /// <param name="graph">The model's graph.</param>
    /// <param name="options">The seed, and what the caller has decided.</param>
    /// <param name="load">Loads the model.</param>
    /// <param name="declared">What the file declares of inputs whose shape was changed.</param>
    /// <exception cref="InvalidModelException">None were found; the sentence tells the runtime's first objection.</exception>
    /// <exception cref="RuntimeException">ONNX Runtime cannot load the model.</exception>
    private SyntheticInputs(Graph graph, GradientCheckOptions options, Func<Session> load, IReadOnlyDictionary<string, Shape> declared)
    {
        (_options, _declared) = (options, declared);
        HoistConstants.Run(graph);
        _inputs = [.. graph.Inputs.Where(v => v.Initializer is null)];
        if (options.Ranges.Keys.FirstOrDefault(name => _inputs.All(i => i.Name != name)) is { } unknown)
            throw new InvalidModelException($"The model has no input '{unknown}'; it has {string.Join(", ", _inputs.Select(i => $"'{i.Name}'"))}.");
        if (_inputs.FirstOrDefault(i => i.Type.Size() == 0) is { } other)
            throw new InvalidModelException($"The model's input '{other.Name}' is {(other.Type == ElementType.Undefined ? "no tensor" : other.Type.Name())}; such values cannot be drawn.");
        var uses = new InputUses(graph);
        _values = _inputs.ToDictionary(i => i.Name, i => new InputValues(i, uses.Of(i), options.Ranges.TryGetValue(i.Name, out var range) ? range : null));
        var candidates = new ShapeCandidates(_inputs, options.Shapes);
        _session = load();
        string? objection = null;
        foreach (var shapes in candidates.All())
        {
            (Shapes, _length) = (shapes, FreeSize(shapes));
            for (_way = 0; _way < InputValues.Ways; _way++)
            {
                if (Trial(Draw(0).Tensors) is not { } refused)
                    return;
                objection ??= refused;
            }
        }

        _session.Dispose();
        throw new InvalidModelException($"No inputs were found that the model runs on ({objection?.TrimEnd('.')}); give their sizes (--shape NAME=1,3,224,224) or values (--range NAME=0,1).");
    }

    /// <summary>Gets the inputs' sizes by name.</summary>
    internal IReadOnlyDictionary<string, IReadOnlyList<long>> Shapes { get; }

    /// <summary>Draws inputs.</summary>
    /// <param name="draw">Which draw of the seed, from 0.</param>
    internal (IReadOnlyDictionary<string, Tensor> Tensors, IReadOnlyList<SyntheticInput> Described) Draw(int draw)
    {
        var (tensors, described) = (new Dictionary<string, Tensor>(), new List<SyntheticInput>());
        for (var i = 0; i < _inputs.Count; i++)
        {
            var (input, shape) = (_inputs[i], Shapes[_inputs[i].Name]);
            var (tensor, range) = _values[input.Name].Draw(shape, _length, _way, SplitMix64.For((ulong)_options.Seed, RandomStream.Input, draw, i));
            tensors[input.Name] = tensor;
            described.Add(new(input.Name, input.Type.Name(), shape, range, _declared.GetValueOrDefault(input.Name)?.ToString()));
        }

        return (tensors, described);
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    // A length counts what stands on a free axis other than the batch's.
    private long FreeSize(IReadOnlyDictionary<string, IReadOnlyList<long>> shapes) =>
        _inputs.SelectMany(i => shapes[i.Name].Where((_, axis) => axis > 0 && !(i.Shape is { } declared && declared[axis].IsKnown))).DefaultIfEmpty(1).Max();

    // Why the model does not run on some inputs, or null where it does. What is no tensor of numbers is not looked at.
    private string? Trial(IReadOnlyDictionary<string, Tensor> tensors)
    {
        var inputs = tensors.ToDictionary(t => t.Key, t => Host(t.Value));
        Dictionary<string, HostTensor> outputs = [];
        try
        {
            using var binding = new Binding(_session);
            foreach (var (name, tensor) in inputs)
                binding.BindInput(name, tensor);
            foreach (var (name, _) in _session.Outputs.Where(o => o.Value.Type.Size() > 0))
                binding.BindOutputToHost(name);
            _session.Run(binding);
            outputs = binding.ReadHostOutputs();
            return outputs.FirstOrDefault(o => !IsFinite(o.Value)).Key is { } output ? $"the output '{output}' is not finite" : null;
        }
        catch (RuntimeException e)
        {
            return e.Message;
        }
        finally
        {
            foreach (var tensor in inputs.Values.Concat(outputs.Values))
                tensor.Dispose();
        }
    }

    private static bool IsFinite(HostTensor tensor) => !tensor.Type.IsFloat()
        || new Tensor(tensor.Type, [.. tensor.Shape], tensor.Bytes.ToArray()).ToFloat64().All(double.IsFinite);

    private static HostTensor Host(Tensor tensor)
    {
        var host = new HostTensor(tensor.Type, [.. tensor.Dims]);
        tensor.Data.Span.CopyTo(host.Bytes);
        return host;
    }
}
