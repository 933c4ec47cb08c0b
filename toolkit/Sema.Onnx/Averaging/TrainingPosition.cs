namespace Sema.Onnx.Averaging;

/// <summary>Where a run stands right after an optimizer step: all that an averaging strategy may know.</summary>
/// <remarks>A checkpoint of the step and the epoch is therefore enough to resume any strategy.</remarks>
public readonly record struct TrainingPosition
{
    /// <summary>Initializes the position after an optimizer step.</summary>
    /// <param name="step">Optimizer steps done since the start of the run, this one included: 1 after the
    /// first.</param>
    /// <param name="epoch">The epoch that this step belongs to: 1 for the first.</param>
    /// <param name="endsEpoch">Whether this step is the last of its epoch, so that <paramref name="epoch"/> epochs are
    /// done. False for the last step of a run that stops inside an epoch.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is less than 1.</exception>
    public TrainingPosition(long step, long epoch, bool endsEpoch)
    {
        Step = step >= 1
            ? step
            : throw new ArgumentOutOfRangeException(nameof(step), step,
                "Steps done count from 1, the first optimizer step.");
        Epoch = epoch >= 1
            ? epoch
            : throw new ArgumentOutOfRangeException(nameof(epoch), epoch, "Epochs count from 1, the first epoch.");
        EndsEpoch = endsEpoch;
    }

    /// <summary>Gets the optimizer steps done, this one included.</summary>
    public long Step { get; }

    /// <summary>Gets the epoch that the step belongs to, from 1.</summary>
    public long Epoch { get; }

    /// <summary>Gets whether the step is the last of its epoch.</summary>
    public bool EndsEpoch { get; }

    /// <summary>Gets how many epochs or steps are done, where one has just ended; <see langword="null"/> inside an epoch.</summary>
    internal long? Done(IntervalUnit unit) => unit == IntervalUnit.Steps ? Step : EndsEpoch ? Epoch : null;
}
