namespace Sema.Onnx.Data;

/// <summary>A data set cannot be used: it is missing, malformed, or does not fit the model. The message says what to
/// do.</summary>
public sealed class DataException : Exception
{
    internal DataException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }

    internal DataException(string message, string path, long? offset = null, Exception? inner = null)
        : base(message, inner) => (Path, Offset) = (path, offset);

    /// <summary>Gets the file or folder at fault, or <see langword="null"/> where no single one is.</summary>
    public string? Path { get; }

    /// <summary>Gets where in the file the fault is, in bytes of its uncompressed content, or
    /// <see langword="null"/>.</summary>
    public long? Offset { get; }
}
