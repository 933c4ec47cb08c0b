using System.Runtime.InteropServices;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Runtime;
using Sema.Onnx.Training;

namespace Sema.Onnx.Export;

/// <summary>Runs an exported model and <c>eval.onnx</c> on the same batches and measures how far their outputs are apart.</summary>
internal sealed class OutputComparison : IDisposable
{
    private readonly Manifest _manifest;
    private readonly Session _model, _eval;
    private readonly Binding _modelBinding, _evalBinding;
    private readonly InputTensors _batch, _part;
    private readonly HashSet<string> _split = [];
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
        foreach (var (name, type, _) in manifest.Inputs)
        {
            if (!_model.Inputs.TryGetValue(name, out var input) || (input.Type != type && !(input.Type.IsFloat() && type == ElementType.Float32)))
                throw new ExportException($"The exported model has no {type.Name()} input '{name}', which the training graphs read; were they made from this model?");
        }

        if (_model.Outputs.Keys.FirstOrDefault(o => !_eval.Outputs.ContainsKey(o)) is { } missing)
            throw new ExportException($"The exported model has the output '{missing}', which '{ArtifactFolder.Eval}' lacks; were the training graphs made from this model?");

        (_modelBinding, _evalBinding) = (new Binding(_model), new Binding(_eval));
        _split = [.. manifest.Inputs.Where(i => i.Shape is [not 1, ..] && _model.Inputs[i.Name].Shape is { Rank: > 0 } declared && declared[0].Size == 1).Select(i => i.Name)];
        _batch = new(manifest.Inputs);
        _part = new([.. manifest.Inputs.Select(i => new TensorSignature(i.Name, _model.Inputs[i.Name].Type, _split.Contains(i.Name) ? [1, .. i.Shape.Skip(1)] : i.Shape))]);
        _part.Bind(_modelBinding);
        _batch.Bind(_evalBinding);
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
    internal bool SampleBySample => _split.Count > 0;

    /// <summary>Gets the number of samples run so far.</summary>
    internal int Samples { get; private set; }

    /// <summary>Gets the largest absolute difference of any output so far.</summary>
    internal double MaxAbsolute => _differences.Values.Max(d => d.Absolute);

    /// <summary>Gets the largest difference of any output, relative to that output's largest magnitude.</summary>
    internal double MaxRelative => _differences.Values.Max(d => d.Relative);

    /// <summary>Runs both on a batch.</summary>
    /// <param name="batch">Of each input, exactly one batch.</param>
    internal void Run(IReadOnlyDictionary<string, ReadOnlyMemory<byte>> batch)
    {
        foreach (var (name, _, _) in _manifest.Inputs)
        {
            if (!batch.TryGetValue(name, out var bytes) || bytes.Length != _batch[name].Length)
                throw new ExportException($"A batch to prove the export on has {bytes.Length} bytes for the input '{name}'; it takes {_batch[name].Length}.");
        }

        _batch.Fill(batch);
        var own = _manifest.Inputs.ToDictionary(i => i.Name, i => Stored(_batch[i.Name], i.Type, _model.Inputs[i.Name].Type));
        _eval.Run(_evalBinding);
        var expected = _evalBinding.ReadHostOutputs();
        var parts = SampleBySample ? (int)_manifest.Target.Shape[0] : 1;
        for (var part = 0; part < parts; part++)
        {
            foreach (var (name, bytes) in own)
                bytes.AsSpan((_split.Contains(name) ? part : 0) * _part[name].Length, _part[name].Length).CopyTo(_part[name]);
            _model.Run(_modelBinding);
            var actual = _modelBinding.ReadHostOutputs();
            foreach (var (name, tensor) in actual)
                _differences[name].Add(expected[name], tensor, part, parts);
            Dispose(actual.Values);
        }

        Dispose(expected.Values);
        Samples += (int)_manifest.Target.Shape[0];
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
        _batch.Dispose();
        _part.Dispose();
        Dispose(_owned);
    }

    // The batch in the type that the model takes; both models are run on what it can hold.
    private static byte[] Stored(Span<byte> batch, ElementType type, ElementType own)
    {
        if (type != ElementType.Float32 || own == ElementType.Float32)
            return batch.ToArray();
        var values = MemoryMarshal.Cast<byte, float>(batch);
        var bytes = FloatBytes.Encode(own, values);
        new Tensor(own, [values.Length], bytes).ToFloat32().CopyTo(values);
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
