namespace Sema.Onnx.Cli;

/// <summary>The command line asks for something that cannot be: one sentence, exit code 2.</summary>
internal sealed class UsageException(string message, Exception? inner = null) : Exception(message, inner);
