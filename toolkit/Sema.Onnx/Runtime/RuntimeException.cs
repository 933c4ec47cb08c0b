namespace Sema.Onnx.Runtime;

/// <summary>ONNX Runtime refused a model, or failed to run it.</summary>
public class RuntimeException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">One sentence: what failed, where and why.</param>
    /// <param name="inner">What ONNX Runtime threw, if anything.</param>
    public RuntimeException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
