namespace Sema.Onnx.Averaging;

/// <summary>Decides, on the host, how averaged weights follow the trained ones; the engine carries it out on the
/// device.</summary>
/// <remarks>
/// After every optimizer step, in this order: each shadow becomes <c>e = d e + (1 − d) w</c> with its
/// <see cref="Decay"/>, then the weights are switched if <see cref="SwitchAfter"/> says so. Shadows start as copies of
/// the weights. An average is a shadow, or a sum of several (<see cref="Mixture"/>). Decisions are pure functions of the
/// position, so resuming needs no state of the strategy, and several strategies can share a run
/// (<see cref="CombinedAveraging"/>).
/// </remarks>
public abstract record AveragingStrategy
{
    /// <summary>Gets the names of the averages, distinct, such as <c>ema</c> or <c>ema-0.999</c>; empty when nothing is
    /// averaged.</summary>
    /// <remarks>The first is the one to evaluate and to export unless another is asked for.</remarks>
    public abstract IReadOnlyList<string> Averages { get; }

    /// <summary>Gets the vectors that the averages are made of. Default: one an average, which moves with every step.</summary>
    public virtual IReadOnlyList<Shadow> ShadowWeights => [.. Averages.Select(name => new Shadow(name))];

    /// <summary>Gets whether the strategy changes the weights that are trained, so that it must be the only one of a run that does.</summary>
    public virtual bool MovesWeights => false;

    /// <summary>Gets the decay of a shadow after an optimizer step.</summary>
    /// <param name="shadow">The index of the shadow in <see cref="ShadowWeights"/>.</param>
    /// <param name="at">The position right after the step.</param>
    /// <returns>d in [0, 1]: 0 copies the weights into the shadow, 1 leaves it untouched.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such shadow.</exception>
    public abstract double Decay(int shadow, TrainingPosition at);

    /// <summary>Says whether to put a shadow into the weights after an optimizer step.</summary>
    /// <param name="at">The position right after the step, whose shadows are already updated.</param>
    /// <returns>What to switch in, or <see langword="null"/> to leave the weights alone.</returns>
    public virtual SwitchDecision? SwitchAfter(TrainingPosition at) => null;

    /// <summary>Gets what an average consists of. Default: the shadow of its own index.</summary>
    /// <param name="average">The index of the average in <see cref="Averages"/>.</param>
    /// <param name="at">The position right after the last step.</param>
    public virtual IReadOnlyList<Portion> Mixture(int average, TrainingPosition at) => [new(average, 1)];

    /// <summary>Says whether the shadows are put on record after an optimizer step, for averages that are made after the run.</summary>
    /// <param name="at">The position right after the step.</param>
    public virtual bool RecordAfter(TrainingPosition at) => false;

    /// <summary>Checks the index of a shadow or average.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is none of that index.</exception>
    private protected static void CheckIndex(int index, int count)
    {
        if (index < 0 || index >= count)
            throw new ArgumentOutOfRangeException(nameof(index), index, $"This strategy keeps {count} average(s), counted from 0.");
    }

    /// <summary>Checks a number that counts epochs or steps.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is less than 1.</exception>
    private protected static long AtLeastOne(long value, string name) => value >= 1
        ? value
        : throw new ArgumentOutOfRangeException(name, value, $"'{name}' counts epochs or steps and must be at least 1.");
}
