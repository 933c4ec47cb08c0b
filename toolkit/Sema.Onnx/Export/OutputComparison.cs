using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Export;

/// <summary>Runs an exported model and <c>eval.onnx</c> on the same batches and measures how far their outputs are apart.</summary>
internal sealed class OutputComparison : IDisposable
{
    private readonly Manifest _manifest;
    private readonly Session _model, _eval;
    private readonly Binding _modelBinding, _evalBinding;
    private readonly HostTensor _batch, _part;
    private readonly List<HostTensor> _owned = [];
    private readonly Dictionary<string, OutputDifference> _differences = [];

    /// <param name="model">The exported model, which the caller disposes of.</param>
    /// <param name="eval">The evaluation graph, likewise.</param>
    /// <param name="manifest">What the evaluation graph reads.</param>
    /// <param name="weights">The exported weights, by name.</param>
    /// <exception cref="ExportException">The two are not of one model.</exception>
    internal OutputComparison(Session model, Session eval, Manifest manifest, IReadOnlyDictionary<string, ReadOnlyMemory<float>> weights)
    {
        (_manifest, _model, _eval) = (manifest, model, eval);
        var (name, type, shape) = manifest.Input;
        if (!_model.Inputs.TryGetValue(name, out var input) || (input.Type != type && !(input.Type.IsFloat() && type == ElementType.Float32)))
            throw new ExportException($"The exported model has no {type.Name()} input '{name}', which the training graphs read; were they made from this model?");
        if (_model.Outputs.Keys.FirstOrDefault(o => !_eval.Outputs.ContainsKey(o)) is { } missing)
            throw new ExportException($"The exported model has the output '{missing}', which '{ArtifactFolder.Eval}' lacks; were the training graphs made from this model?");

        (_modelBinding, _evalBinding) = (new Binding(_model), new Binding(_eval));
        SampleBySample = shape.Count > 0 && shape[0] != 1 && input.Shape is { Rank: > 0 } declared && declared[0].Size == 1;
        _batch = Own(new HostTensor(type, [.. shape]));
        _part = SampleBySample || input.Type != type ? Own(new HostTensor(input.Type, [SampleBySample ? 1 : shape[0], .. shape.Skip(1)])) : _batch;
        _modelBinding.BindInput(name, _part);
        _evalBinding.BindInput(name, _batch);
        _evalBinding.BindInput(TrainingGraphs.TargetName, Own(new HostTensor(manifest.Target.Type, [.. manifest.Target.Shape])));
        _evalBinding.BindInput(TrainingGraphs.MaskName, Own(new HostTensor(ElementType.Float32, manifest.Target.Shape[0])));
        foreach (var parameter in manifest.Layout.Parameters.Where(p => _eval.Defaults.ContainsKey(p.Name)))
            _evalBinding.BindInput(parameter.Name, Own(HostTensor.Of(weights[parameter.Name].Span, [.. parameter.Shape])));
        foreach (var output in _model.Outputs.Keys)
        {
            _modelBinding.BindOutputToHost(output);
            _evalBinding.BindOutputToHost(output);
            _differences[output] = new(output);
        }
    }

    /// <summary>Gets whether the model takes one sample at a time.</summary>
    internal bool SampleBySample { get; }

    /// <summary>Gets the number of samples run so far.</summary>
    internal int Samples { get; private set; }

    /// <summary>Gets the largest absolute difference of any output so far.</summary>
    internal double MaxAbsolute => _differences.Values.Max(d => d.Absolute);

    /// <summary>Gets the largest difference of any output, relative to that output's largest magnitude.</summary>
    internal double MaxRelative => _differences.Values.Max(d => d.Relative);

    /// <summary>Runs both on a batch.</summary>
    /// <param name="batch">The input, exactly one batch.</param>
    internal void Run(ReadOnlyMemory<byte> batch)
    {
        if (batch.Length != _batch.Bytes.Length)
            throw new ExportException($"A batch to prove the export on has {batch.Length} bytes; the input '{_manifest.Input.Name}' takes {_batch.Bytes.Length}.");
        batch.Span.CopyTo(_batch.Bytes);
        var own = Stored(_part.Type);
        _eval.Run(_evalBinding);
        var expected = _evalBinding.ReadHostOutputs();
        var parts = own.Length == 0 ? 0 : own.Length / _part.Bytes.Length;
        for (var part = 0; part < parts; part++)
        {
            own.AsSpan(part * _part.Bytes.Length, _part.Bytes.Length).CopyTo(_part.Bytes);
            _model.Run(_modelBinding);
            var actual = _modelBinding.ReadHostOutputs();
            foreach (var (name, tensor) in actual)
                _differences[name].Add(expected[name], tensor, part, parts);
            Dispose(actual.Values);
        }

        Dispose(expected.Values);
        Samples += (int)(_manifest.Input.Shape.Count > 0 ? _manifest.Input.Shape[0] : 1);
    }

    /// <summary>Refuses an output that is too far off.</summary>
    /// <exception cref="ExportException">One is.</exception>
    internal void Check(double tolerance)
    {
        foreach (var difference in _differences.Values)
            difference.Check(tolerance);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _modelBinding.Dispose();
        _evalBinding.Dispose();
        Dispose(_owned);
    }

    // The batch in the type that the model takes; both models are run on what it can hold.
    private byte[] Stored(ElementType type)
    {
        if (_batch.Type != ElementType.Float32 || type == ElementType.Float32)
            return _batch.Bytes.ToArray();
        var bytes = FloatBytes.Encode(type, _batch.As<float>());
        new Tensor(type, [bytes.Length / type.Size()], bytes).ToFloat32().CopyTo(_batch.As<float>());
        return bytes;
    }

    private static void Dispose(IEnumerable<HostTensor> tensors)
    {
        foreach (var tensor in tensors)
            tensor.Dispose();
    }

    private HostTensor Own(HostTensor tensor)
    {
        _owned.Add(tensor);
        return tensor;
    }
}
