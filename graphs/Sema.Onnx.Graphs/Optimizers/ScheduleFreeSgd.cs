namespace Sema.Onnx.Graphs.Optimizers;

/// <summary>Schedule-free SGD: a running average of the iterates takes the place of a falling learning rate; weight decay is added to the gradient.</summary>
/// <remarks>
/// Source: Defazio et al., <see href="https://arxiv.org/abs/2405.15682">arXiv:2405.15682</see>, equations 3 to 5, the average weighted by squared learning rates as in algorithm 1.
/// The weights are y, where gradients are taken; the average x is what is evaluated and exported. Wants a constant learning rate, warmed up.
/// </remarks>
public sealed record ScheduleFreeSgd : Optimizer
{
    /// <summary>Gets β in [0, 1]: how much of the point where gradients are taken is the average. Default 0.9.</summary>
    public double Beta { get; init; } = 0.9;

    internal override IReadOnlyList<string> Slots => [ScheduleFree.Z, ScheduleFree.X];

    internal override string? AverageSlot => ScheduleFree.X;

    internal override IReadOnlyList<string> Scalars => [ScheduleFree.Share];

    internal override IEnumerable<IReadOnlyList<double>> ScalarValues(Func<long, double> rate) => ScheduleFree.Shares(rate);

    // z ← z − γ (g + λ y); x ← (1 − c) x + c z; y = (1 − β) z + β x
    internal override (Value Weights, IReadOnlyList<Value> Slots) Step(OptimizerInputs x)
    {
        var (y, z, average) = ScheduleFree.Move(x, x.Scalar(x.LearningRate) * WithDecay(x), Beta);
        return (y, [z, average]);
    }

    internal override void Validate()
    {
        base.Validate();
        Require(Beta is >= 0 and <= 1, nameof(Beta), Beta, "in [0, 1]");
    }
}
