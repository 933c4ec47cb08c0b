using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Serialization;

namespace Sema.Onnx.Runtime;

/// <summary>A model loaded into ONNX Runtime, ready to run over bound buffers.</summary>
internal sealed class Session : IDisposable
{
    private readonly string _name;
    private readonly RunOptions _runOptions;

    /// <summary>Loads a model file, with the data files beside it.</summary>
    /// <param name="path">The .onnx file.</param>
    /// <param name="settings">How to run it.</param>
    /// <exception cref="RuntimeException">The file is missing or malformed, or holds what ONNX Runtime cannot run.</exception>
    /// <exception cref="RuntimeUnavailableException">ONNX Runtime or the device's provider is missing.</exception>
    public Session(string path, SessionSettings? settings = null)
        : this($"'{path}'", settings, options => new InferenceSession(path, options))
    {
    }

    /// <summary>Loads a model from memory.</summary>
    /// <param name="model">The content of an .onnx file that needs no data file.</param>
    /// <param name="settings">How to run it.</param>
    /// <inheritdoc cref="Session(string, SessionSettings)" path="/exception"/>
    public Session(byte[] model, SessionSettings? settings = null)
        : this("the model", settings, options => new InferenceSession(model, options))
    {
    }

    /// <summary>Loads a graph; large tensors are read by ONNX Runtime from the files where they stand.</summary>
    /// <param name="model">The graph.</param>
    /// <param name="settings">How to run it.</param>
    /// <inheritdoc cref="Session(string, SessionSettings)" path="/exception"/>
    public Session(Model model, SessionSettings? settings = null)
        : this("the model", settings, options =>
        {
            var (content, folder) = ModelWriter.WriteBesideData(model);
            if (folder is not null)
                options.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", folder);
            return new InferenceSession(content, options);
        })
    {
    }

    private Session(string name, SessionSettings? settings, Func<SessionOptions, InferenceSession> load)
    {
        (_name, Settings) = (name, settings ?? new());
        using var options = SessionOptionsFactory.Create(Settings);
        try
        {
            _runOptions = new();
            Native = load(options);
            Inputs = Describe(Native.InputNames, Native.InputMetadata, output: false);
            Outputs = Describe(Native.OutputNames, Native.OutputMetadata, output: true);
            Defaults = Native.OverridableInitializerMetadata.ToDictionary(i => i.Key, i => Describe(i.Key, i.Value));
        }
        catch (OnnxRuntimeException e)
        {
            Native?.Dispose();
            throw OrtRuntime.Failure($"Loading {name}", e);
        }
    }

    /// <summary>Gets how the model is run.</summary>
    public SessionSettings Settings { get; }

    /// <summary>Gets the inputs that must be bound, by name, in the model's order.</summary>
    public IReadOnlyDictionary<string, TensorInfo> Inputs { get; }

    /// <summary>Gets the initializers that are graph inputs as well: what is bound over one takes its place.</summary>
    public IReadOnlyDictionary<string, TensorInfo> Defaults { get; }

    /// <summary>Gets the outputs by name, in the model's order.</summary>
    public IReadOnlyDictionary<string, TensorInfo> Outputs { get; }

    internal InferenceSession Native { get; }

    /// <summary>Runs the model once over bound buffers, and returns when the outputs are written.</summary>
    /// <param name="binding">A binding of this session, with every input and at least one output bound.</param>
    /// <exception cref="RuntimeException">An input is not bound, a shape does not fit, or an operator failed.</exception>
    public void Run(Binding binding)
    {
        ArgumentNullException.ThrowIfNull(binding);
        if (binding.Session != this)
            throw new ArgumentException("The binding belongs to another session; make one for this session.", nameof(binding));
        try
        {
            Native.RunWithBinding(_runOptions, binding.Prepare());
        }
        catch (OnnxRuntimeException e)
        {
            throw OrtRuntime.Failure($"Running {_name}", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Native.Dispose();
        _runOptions.Dispose();
    }

    private OrderedDictionary<string, TensorInfo> Describe(IReadOnlyList<string> names, IReadOnlyDictionary<string, NodeMetadata> metadata, bool output)
    {
        var infos = new OrderedDictionary<string, TensorInfo>(names.Count);
        for (var i = 0; i < names.Count; i++)
        {
            var info = Describe(names[i], metadata[names[i]]);
            infos.Add(info.Name, info.Shape is not { Rank: 0 } || NativeApi.HasShape(Native, i, output) ? info : info with { Shape = null });
        }

        return infos;
    }

    private static TensorInfo Describe(string name, NodeMetadata metadata)
    {
        if (metadata.OnnxValueType != OnnxValueType.ONNX_TYPE_TENSOR)
            return new(name, ElementType.Undefined, null);
        var dimensions = metadata.Dimensions.Zip(
            metadata.SymbolicDimensions, (size, symbol) => new Dimension(size, size < 0 && symbol.Length > 0 ? symbol : null));
        return new(name, TypeOf(metadata.ElementDataType), new Shape(dimensions));
    }

    // The codes are the same up to int4; what comes after has no place here.
    private static ElementType TypeOf(TensorElementType type) =>
        (int)type <= (int)ElementType.Int4 ? (ElementType)type : ElementType.Undefined;
}
