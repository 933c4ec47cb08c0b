using Sema.Onnx.Averaging;

namespace Sema.Onnx.Training;

/// <summary>How long a run is, for schedules.</summary>
/// <param name="Steps">All optimizer steps.</param>
/// <param name="StepsPerEpoch">The optimizer steps of an epoch.</param>
public readonly record struct TrainingLength(long Steps, long StepsPerEpoch)
{
    /// <summary>Gets the position right after an optimizer step, from 1.</summary>
    internal TrainingPosition After(long step) => new(step, (step + StepsPerEpoch - 1) / StepsPerEpoch, step % StepsPerEpoch == 0);
}
