namespace Sema.Onnx.Graphs.Composition;

/// <summary>A constant with its verdict.</summary>
/// <param name="Value">The initializer.</param>
/// <param name="Verdict">What becomes of it.</param>
/// <param name="Reason">Why, in a few words.</param>
internal sealed record Judged(Value Value, Verdict Verdict, string Reason);
