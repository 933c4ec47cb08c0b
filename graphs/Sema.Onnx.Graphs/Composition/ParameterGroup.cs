namespace Sema.Onnx.Graphs.Composition;

/// <summary>A run of parameters that one update treats alike.</summary>
/// <param name="Name"><c>decay</c>, <c>no_decay</c>, or <c>statistics</c>: running statistics, averaged but not trained.</param>
/// <param name="Start">Where the run begins, in elements.</param>
/// <param name="Length">How long it is, in elements, alignment included.</param>
/// <param name="Trained">Whether the optimizer moves it.</param>
/// <param name="Decays">Whether weight decay applies.</param>
public sealed record ParameterGroup(string Name, long Start, long Length, bool Trained, bool Decays);
