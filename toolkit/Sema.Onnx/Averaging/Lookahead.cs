namespace Sema.Onnx.Averaging;

/// <summary>Lookahead: every k steps the slow weights go a part of the way to the fast ones, <c>e = e + α (w − e)</c>, and the fast
/// ones go on from there, <c>w = e</c>.</summary>
/// <remarks>Source: Zhang et al., <see href="https://arxiv.org/abs/1907.08610">arXiv:1907.08610</see>, algorithm 1; the optimizer's
/// state goes on.</remarks>
public sealed record Lookahead : AveragingStrategy
{
    /// <summary>Initializes a Lookahead.</summary>
    /// <param name="every">k, in optimizer steps, at least 1.</param>
    /// <param name="alpha">α, in (0, 1].</param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is out of range.</exception>
    public Lookahead(long every = 5, double alpha = 0.5)
    {
        Every = AtLeastOne(every, nameof(every));
        Alpha = alpha is > 0 and <= 1
            ? alpha
            : throw new ArgumentOutOfRangeException(nameof(alpha), alpha, "The step α of the slow weights must be in (0, 1], such as 0.5.");
    }

    /// <summary>Gets k, in optimizer steps.</summary>
    public long Every { get; }

    /// <summary>Gets α.</summary>
    public double Alpha { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Averages => ["lookahead"];

    /// <inheritdoc/>
    public override IReadOnlyList<Shadow> ShadowWeights => [new("lookahead", EveryStep: false)];

    /// <inheritdoc/>
    public override bool MovesWeights => true;

    /// <inheritdoc/>
    public override double Decay(int shadow, TrainingPosition at)
    {
        CheckIndex(shadow, 1);
        return at.Step % Every == 0 ? 1 - Alpha : 1;
    }

    /// <inheritdoc/>
    public override SwitchDecision? SwitchAfter(TrainingPosition at) => at.Step % Every == 0 ? new SwitchDecision(0, 0) : null;

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"Lookahead every {Every} steps, alpha {Alpha}");
}
