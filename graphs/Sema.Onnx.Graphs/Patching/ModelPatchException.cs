namespace Sema.Onnx.Graphs.Patching;

/// <summary>A model file that cannot be patched as asked, or that is not a well-formed ONNX file.</summary>
public sealed class ModelPatchException : Exception
{
    internal ModelPatchException(string message, string? name = null, long? offset = null)
        : base(message) => (Name, Offset) = (name, offset);

    /// <summary>Gets the tensor or value concerned; null where the file itself is at fault.</summary>
    public string? Name { get; }

    /// <summary>Gets where the model file is malformed, in bytes from its start; null where it is well-formed.</summary>
    public long? Offset { get; }
}
