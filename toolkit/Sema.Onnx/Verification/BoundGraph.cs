using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Verification;

/// <summary>A graph that is run many times on the same buffers, of which the caller changes one between runs.</summary>
internal sealed class BoundGraph : IDisposable
{
    private readonly Session _session;
    private readonly Binding _binding;
    private readonly Dictionary<string, HostTensor> _inputs = [];

    /// <param name="model">The graph; every input of it is among the tensors.</param>
    /// <param name="tensors">The inputs by name; floats are converted to what the graph reads, float32 or float64.</param>
    /// <param name="threads">The number of threads; 0 for one a core.</param>
    /// <param name="optimization">How far ONNX Runtime may rewrite the graph.</param>
    /// <exception cref="RuntimeException">ONNX Runtime cannot run the graph.</exception>
    internal BoundGraph(Model model, IReadOnlyDictionary<string, Tensor> tensors, int threads, OptimizationLevel optimization)
    {
        // The kernels know float32 alone.
        var isFloat64 = model.Graph.AllNodes.Any(n => n.Domain == Model.SemaDomain && n.Inputs.Any(i => i?.Type == ElementType.Float64));
        _session = new(ModelWriter.Write(model), new() { Threads = threads, Optimization = optimization, Kernels = !isFloat64 });
        _binding = new(_session);
        foreach (var (name, info) in _session.Inputs)
        {
            _inputs[name] = Bound(tensors[name], info.Type);
            _binding.BindInput(name, _inputs[name]);
        }

        foreach (var name in _session.Outputs.Keys)
            _binding.BindOutputToHost(name);
    }

    /// <summary>Gets the buffer of an input, to be written to between runs.</summary>
    internal HostTensor this[string input] => _inputs[input];

    /// <summary>Gets whether the graph reads an input.</summary>
    internal bool Reads(string input) => _inputs.ContainsKey(input);

    /// <summary>Overwrites an input.</summary>
    /// <param name="name">The input; nothing happens where the graph does not read it.</param>
    /// <param name="tensor">The elements.</param>
    internal void Write(string name, Tensor tensor)
    {
        if (_inputs.TryGetValue(name, out var buffer))
            Fill(buffer, tensor);
    }

    /// <summary>Runs the graph.</summary>
    /// <returns>All outputs by name, for the caller to dispose of.</returns>
    /// <exception cref="RuntimeException">An operator failed.</exception>
    internal Dictionary<string, HostTensor> Run()
    {
        _session.Run(_binding);
        return _binding.ReadHostOutputs();
    }

    /// <summary>Runs a graph whose one output is a float64 scalar.</summary>
    internal double RunScalar()
    {
        using var output = Run().Values.Single();
        return output.As<double>()[0];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _binding.Dispose();
        _session.Dispose();
        foreach (var tensor in _inputs.Values)
            tensor.Dispose();
    }

    private static HostTensor Bound(Tensor tensor, ElementType type)
    {
        var buffer = new HostTensor(type, [.. tensor.Dims]);
        Fill(buffer, tensor);
        return buffer;
    }

    private static void Fill(HostTensor buffer, Tensor tensor)
    {
        if (buffer.Type == tensor.Type)
            tensor.Data.Span.CopyTo(buffer.Bytes);
        else if (buffer.Type == ElementType.Float64)
            tensor.ToFloat64().CopyTo(buffer.As<double>());
        else
            Array.ConvertAll(tensor.ToFloat64(), x => (float)x).CopyTo(buffer.As<float>());
    }
}
