namespace Sema.Onnx.Averaging;

/// <summary>A vector that a run keeps beside the trained weights, as long as they are; a copy of them at the start.</summary>
/// <param name="Name">Its name, distinct within a run.</param>
/// <param name="EveryStep">Whether it moves with every optimizer step; one that seldom moves costs nothing in between.</param>
/// <param name="Slot">The optimizer's state vector that it is, which the optimizer itself moves; <see langword="null"/> for a vector of its own.</param>
public readonly record struct Shadow(string Name, bool EveryStep = true, string? Slot = null);
