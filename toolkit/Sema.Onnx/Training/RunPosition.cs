namespace Sema.Onnx.Training;

/// <summary>A place in a run.</summary>
/// <param name="Step">The optimizer steps done.</param>
/// <param name="Steps">All optimizer steps of the run.</param>
/// <param name="Epoch">The epoch under way or just ended, from 1; 0 before the first step.</param>
/// <param name="Epochs">All epochs of the run.</param>
public readonly record struct RunPosition(long Step, long Steps, long Epoch, long Epochs);
