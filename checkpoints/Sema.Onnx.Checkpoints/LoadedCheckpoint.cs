using System.Text.Json.Nodes;
using Sema.Onnx.Checkpoints.Safetensors;

namespace Sema.Onnx.Checkpoints;

/// <summary>A checkpoint read back, every byte of it verified against its digests.</summary>
/// <remarks>Holds the tensors' file open: dispose of it when the tensors have been read.</remarks>
public sealed class LoadedCheckpoint : IDisposable
{
    internal LoadedCheckpoint(string name, long step, JsonObject state, SafetensorsFile tensors)
    {
        Name = name;
        Step = step;
        State = state;
        Tensors = tensors;
    }

    /// <summary>The checkpoint's name in its store, such as <c>step-000000123</c> or <c>best</c>.</summary>
    public string Name { get; }

    /// <summary>Optimizer steps done when it was saved, 0 or more.</summary>
    public long Step { get; }

    /// <summary>What the caller saved as <see cref="Checkpoint.State"/>.</summary>
    public JsonObject State { get; }

    /// <summary>The tensors; their bytes are read from disk when asked for.</summary>
    public SafetensorsFile Tensors { get; }

    /// <summary>Closes the tensors' file.</summary>
    public void Dispose() => Tensors.Dispose();
}
