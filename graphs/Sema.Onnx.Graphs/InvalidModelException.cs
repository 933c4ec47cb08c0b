namespace Sema.Onnx.Graphs;

/// <summary>A model file or graph is malformed, or uses something that this library does not read.</summary>
public sealed class InvalidModelException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">One sentence: what is wrong, where, and what to do.</param>
    /// <param name="inner">What was thrown below, if anything.</param>
    public InvalidModelException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
