namespace Sema.Onnx.Benchmarks;

/// <summary>What was given cannot be measured: one sentence, exit code 2.</summary>
internal sealed class InvalidInputException(string message, Exception? inner = null) : Exception(message, inner);
