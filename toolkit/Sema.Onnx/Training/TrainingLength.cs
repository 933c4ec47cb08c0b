namespace Sema.Onnx.Training;

/// <summary>How long a run is, for schedules.</summary>
/// <param name="Steps">All optimizer steps.</param>
/// <param name="StepsPerEpoch">The optimizer steps of an epoch.</param>
public readonly record struct TrainingLength(long Steps, long StepsPerEpoch);
