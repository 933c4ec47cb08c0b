namespace Sema.Onnx.Graphs.Optimizers;

/// <summary>AdaBelief: Adam whose second moment is of the gradient's deviation from its running mean; weight decay is decoupled.</summary>
/// <remarks>
/// Source: Zhuang et al., <see href="https://arxiv.org/abs/2010.07468">arXiv:2010.07468</see>, algorithm 2; ε stands in the second moment and beside its root. Weight
/// decay, which the algorithm leaves out, is AdamW's. Default of ε: 1e-16, as in the authors' code.
/// </remarks>
public sealed record AdaBelief : Adam
{
    /// <summary>Initializes the options with their defaults.</summary>
    public AdaBelief() => Epsilon = 1e-16;

    internal override IReadOnlyList<string> Slots => ["moment1", "deviation"];

    // m ← β₁ m + (1 − β₁) g; s ← β₂ s + (1 − β₂) (g − m)² + ε; w ← w − η m̂ / (√ŝ + ε)
    internal override (Value Weights, IReadOnlyList<Value> Slots) Step(OptimizerInputs x)
    {
        var m = x.Slots[0] * Beta1 + x.G * (1 - Beta1);
        var s = x.Slots[1] * Beta2 + (x.G - m).Square() * (1 - Beta2) + Epsilon;
        return (Shrunk(x) - BiasCorrectedRate(x) * (m / Root(x, s)), [m, s]);
    }
}
