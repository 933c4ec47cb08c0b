using Sema.Onnx.Data.Batches;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Training;

/// <summary>The buffers that a session reads the model's inputs from, each of exactly a batch.</summary>
internal sealed class InputTensors : IDisposable
{
    private readonly Dictionary<string, HostTensor> _tensors;

    internal InputTensors(IReadOnlyList<TensorSignature> inputs) =>
        _tensors = inputs.ToDictionary(i => i.Name, i => new HostTensor(i.Type, [.. i.Shape]));

    /// <summary>Gets the bytes of an input, row-major.</summary>
    internal Span<byte> this[string name] => _tensors[name].Bytes;

    /// <summary>Lets a session read the inputs; those that its graph does not need are left out.</summary>
    internal void Bind(Binding binding)
    {
        foreach (var (name, tensor) in _tensors.Where(t => binding.Session.Inputs.ContainsKey(t.Key)))
            binding.BindInput(name, tensor);
    }

    /// <summary>Copies a batch in.</summary>
    internal void Fill(Batch batch) => Fill(batch.Inputs.Select(i => KeyValuePair.Create(i.Key, (ReadOnlyMemory<byte>)i.Value)));

    /// <summary>Copies bytes in, by the input's name.</summary>
    internal void Fill(IEnumerable<KeyValuePair<string, ReadOnlyMemory<byte>>> inputs)
    {
        foreach (var (name, bytes) in inputs)
            bytes.Span.CopyTo(this[name]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in _tensors.Values)
            tensor.Dispose();
    }
}
