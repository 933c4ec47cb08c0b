using Microsoft.ML.OnnxRuntime;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime;

/// <summary>Which buffers a session reads and writes: bound once, run many times; rebinding a name replaces its buffer.</summary>
/// <remarks>
/// An output may be bound over an input's own buffer where every reader of that input is the writing node or an ancestor of it.
/// What is bound stays allocated until it is replaced or the binding is disposed of. One thread at a time.
/// </remarks>
internal sealed class Binding : IDisposable
{
    private readonly OrtIoBinding _native;
    private readonly Dictionary<string, DeviceTensor> _inputs = [];
    private readonly Dictionary<string, DeviceTensor> _outputs = [];
    private readonly HashSet<string> _hostOutputs = [];

    /// <summary>Creates a binding with nothing bound.</summary>
    /// <param name="session">The session that will run over it.</param>
    public Binding(Session session)
    {
        ArgumentNullException.ThrowIfNull(session);
        (Session, _native) = (session, session.Native.CreateIoBinding());
    }

    /// <summary>Gets the session.</summary>
    public Session Session { get; }

    /// <summary>Lets an input, or an initializer that is an input as well, be read from a buffer.</summary>
    /// <param name="name">The input.</param>
    /// <param name="tensor">The buffer; what it holds when the session runs is read.</param>
    /// <exception cref="ArgumentException">The session has no such input, or it has another element type.</exception>
    public void BindInput(string name, DeviceTensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        CheckType(Session.Defaults.GetValueOrDefault(name) ?? Known("input", name, Session.Inputs), tensor);
        try
        {
            _native.BindInput(name, tensor.Value);
        }
        catch (OnnxRuntimeException e)
        {
            throw OrtRuntime.Failure($"Binding the input '{name}'", e);
        }

        Keep(_inputs, name, tensor);
    }

    /// <summary>Lets an output be written to a buffer.</summary>
    /// <param name="name">The output.</param>
    /// <param name="tensor">The buffer, of exactly the output's shape.</param>
    /// <exception cref="ArgumentException">The session has no such output, or it has another element type.</exception>
    public void BindOutput(string name, DeviceTensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        CheckType(Known("output", name, Session.Outputs), tensor);
        try
        {
            _native.BindOutput(name, tensor.Value);
        }
        catch (OnnxRuntimeException e)
        {
            throw OrtRuntime.Failure($"Binding the output '{name}'", e);
        }

        Keep(_outputs, name, tensor);
        _hostOutputs.Remove(name);
    }

    /// <summary>Lets ONNX Runtime allocate an output in the host's memory, for shapes that are known only after the run.</summary>
    /// <param name="name">The output; read it with <see cref="ReadHostOutputs"/>.</param>
    /// <exception cref="ArgumentException">The session has no such output.</exception>
    public void BindOutputToHost(string name)
    {
        _ = Known("output", name, Session.Outputs);
        _native.BindOutputToDevice(name, OrtMemoryInfo.DefaultInstance);
        _hostOutputs.Add(name);
        if (_outputs.Remove(name, out var old))
            old.Block.DangerousRelease();
    }

    /// <summary>Copies what the last run wrote to the outputs bound by <see cref="BindOutputToHost"/>.</summary>
    /// <returns>New tensors by name, for the caller to dispose of.</returns>
    /// <exception cref="RuntimeException">An output is no tensor, or one of strings.</exception>
    public Dictionary<string, HostTensor> ReadHostOutputs()
    {
        var read = new Dictionary<string, HostTensor>();
        using var values = _native.GetOutputValues();
        foreach (var (name, value) in _native.GetOutputNames().Zip(values).Where(o => _hostOutputs.Contains(o.First)))
        {
            try
            {
                var info = value.GetTensorTypeAndShape();
                var tensor = new HostTensor((ElementType)info.ElementDataType, info.Shape);
                value.GetTensorMutableRawData().CopyTo(tensor.Bytes);
                read.Add(name, tensor);
            }
            catch (Exception e) when (e is OnnxRuntimeException or ArgumentException)
            {
                throw OrtRuntime.Failure($"Reading the output '{name}'", e);
            }
        }

        return read;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _native.Dispose();
        foreach (var tensor in _inputs.Values.Concat(_outputs.Values))
            tensor.Block.DangerousRelease();
        _inputs.Clear();
        _outputs.Clear();
    }

    /// <summary>Makes the buffers' present content what the next run reads.</summary>
    internal OrtIoBinding Prepare()
    {
        // Off the CPU, ONNX Runtime copies an input from the host when it is bound and not when it runs.
        if (!Session.Settings.Device.IsCpu)
        {
            foreach (var (name, tensor) in _inputs)
            {
                if (tensor.Device.IsCpu)
                    _native.BindInput(name, tensor.Value);
            }
        }

        // An output that the last run allocated has that run's shape, and would be written again.
        foreach (var name in _hostOutputs)
            _native.BindOutputToDevice(name, OrtMemoryInfo.DefaultInstance);
        return _native;
    }

    private static TensorInfo Known(string what, string name, IReadOnlyDictionary<string, TensorInfo> infos) => infos.TryGetValue(name, out var info)
        ? info
        : throw new ArgumentException($"The model has no {what} '{name}'; it has '{string.Join("', '", infos.Keys.Take(20))}'.", nameof(name));

    private static void CheckType(TensorInfo info, DeviceTensor tensor)
    {
        if (info.Type != tensor.Type)
            throw new ArgumentException($"'{info.Name}' is {info.Type}, but the bound buffer is {tensor.Type}.", nameof(tensor));
    }

    private static void Keep(Dictionary<string, DeviceTensor> bound, string name, DeviceTensor tensor)
    {
        var added = false;
        tensor.Block.DangerousAddRef(ref added);
        if (bound.TryGetValue(name, out var old))
            old.Block.DangerousRelease();
        bound[name] = tensor;
    }
}
