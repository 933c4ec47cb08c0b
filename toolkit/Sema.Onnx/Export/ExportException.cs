namespace Sema.Onnx.Export;

/// <summary>Weights cannot be exported into a model, or the exported model failed its proof. Nothing was written then.</summary>
public sealed class ExportException : Exception
{
    internal ExportException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
