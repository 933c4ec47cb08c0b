namespace Sema.Onnx.Graphs.Optimizers;

/// <summary>Schedule-free AdamW: a running average of the iterates takes the place of a falling learning rate; weight decay is decoupled, at y.</summary>
/// <remarks>
/// Source: Defazio et al., <see href="https://arxiv.org/abs/2405.15682">arXiv:2405.15682</see>, algorithm 1; β₁ is <see cref="Adam.Beta1"/>, and the warm-up is the schedule's. The weights
/// are y, where gradients are taken; the average x is what is evaluated and exported. Wants a constant learning rate, warmed up.
/// </remarks>
public sealed record ScheduleFreeAdamW : Adam
{
    internal override IReadOnlyList<string> Slots => [ScheduleFree.Z, ScheduleFree.X, "moment2"];

    internal override string? AverageSlot => ScheduleFree.X;

    internal override IReadOnlyList<string> Scalars => [ScheduleFree.Share];

    // γ_t = η_t √(1 − β₂ᵗ) weighs the average.
    internal override IEnumerable<IReadOnlyList<double>> ScalarValues(Func<long, double> rate) =>
        ScheduleFree.Shares(t => rate(t) * Math.Sqrt(1 - Math.Pow(Beta2, t)));

    // v ← β₂ v + (1 − β₂) g²; z ← z − γ (g / (√v + ε) + λ y); x ← (1 − c) x + c z; y = (1 − β₁) z + β₁ x
    internal override (Value Weights, IReadOnlyList<Value> Slots) Step(OptimizerInputs x)
    {
        var v = x.Slots[2] * Beta2 + x.G.Square() * (1 - Beta2);
        var rate = x.Scalar(x.LearningRate * Correction(x, Beta2).Sqrt());
        var (y, z, average) = ScheduleFree.Move(x, rate * (x.G / (v.Sqrt() + Epsilon) + x.Scalar(x.WeightDecay) * x.W), Beta1);
        return (y, [z, average, v]);
    }
}
