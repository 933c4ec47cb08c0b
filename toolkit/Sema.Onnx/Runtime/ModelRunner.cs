namespace Sema.Onnx.Runtime;

/// <summary>Runs a model once, from tensors to tensors: for tests, and to prove that an exported model computes what it should.</summary>
internal static class ModelRunner
{
    /// <summary>Loads a model file and runs it once.</summary>
    /// <param name="path">The .onnx file.</param>
    /// <param name="inputs">Its inputs by name.</param>
    /// <param name="settings">How to run it.</param>
    /// <returns>All outputs by name, for the caller to dispose of.</returns>
    /// <exception cref="RuntimeException">The model cannot be loaded or run.</exception>
    public static Dictionary<string, HostTensor> Run(string path, IReadOnlyDictionary<string, HostTensor> inputs, SessionSettings? settings = null)
    {
        using var session = new Session(path, settings);
        return Run(session, inputs);
    }

    /// <summary>Loads a model from memory and runs it once.</summary>
    /// <param name="model">The content of an .onnx file that needs no data file.</param>
    /// <param name="inputs">Its inputs by name.</param>
    /// <param name="settings">How to run it.</param>
    /// <returns>All outputs by name, for the caller to dispose of.</returns>
    /// <exception cref="RuntimeException">The model cannot be loaded or run.</exception>
    public static Dictionary<string, HostTensor> Run(byte[] model, IReadOnlyDictionary<string, HostTensor> inputs, SessionSettings? settings = null)
    {
        using var session = new Session(model, settings);
        return Run(session, inputs);
    }

    /// <summary>Runs a loaded model once.</summary>
    /// <param name="session">The session.</param>
    /// <param name="inputs">Its inputs by name.</param>
    /// <returns>All outputs by name, for the caller to dispose of.</returns>
    /// <exception cref="RuntimeException">The model cannot be run on these inputs.</exception>
    public static Dictionary<string, HostTensor> Run(Session session, IReadOnlyDictionary<string, HostTensor> inputs)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(inputs);
        using var binding = new Binding(session);
        foreach (var (name, tensor) in inputs)
            binding.BindInput(name, tensor);
        foreach (var name in session.Outputs.Keys)
            binding.BindOutputToHost(name);
        session.Run(binding);
        return binding.ReadHostOutputs();
    }
}
