namespace Sema.Onnx.Runtime;

/// <summary>ONNX Runtime's native library, or one of its execution providers, is missing or of another version.</summary>
public sealed class RuntimeUnavailableException : RuntimeException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What is missing and what to install.</param>
    /// <param name="inner">What was thrown below, if anything.</param>
    public RuntimeUnavailableException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
