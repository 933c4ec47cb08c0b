namespace Sema.Onnx.Averaging;

/// <summary>A vector that a run keeps beside the trained weights, as long as they are; a copy of them at the start.</summary>
/// <param name="Name">Its name, distinct within a run.</param>
/// <param name="EveryStep">Whether it moves with every optimizer step; one that seldom moves costs nothing in between.</param>
public readonly record struct Shadow(string Name, bool EveryStep = true);
