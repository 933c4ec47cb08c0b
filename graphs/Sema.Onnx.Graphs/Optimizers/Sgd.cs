namespace Sema.Onnx.Graphs.Optimizers;

/// <summary>Stochastic gradient descent, with classical or Nesterov momentum.</summary>
/// <remarks>
/// g ← g + λ w; b ← μ b + g; w ← w − η b, or with Nesterov's momentum w ← w − η (g + μ b).
/// Source: Sutskever et al. 2013, On the importance of initialization and momentum in deep learning, in PyTorch's form.
/// </remarks>
public sealed record Sgd : Optimizer
{
    /// <summary>Gets the momentum μ in [0, 1). Default 0: plain gradient descent without state.</summary>
    public double Momentum { get; init; }

    /// <summary>Gets whether the momentum is Nesterov's, which looks one step ahead.</summary>
    public bool Nesterov { get; init; }

    internal override IReadOnlyList<string> Slots => Momentum == 0 ? [] : ["momentum"];

    internal override (Value Weights, IReadOnlyList<Value> Slots) Step(OptimizerInputs x)
    {
        var g = WithDecay(x);
        var rate = x.Scalar(x.LearningRate);
        if (Momentum == 0)
            return (x.W - rate * g, []);
        var b = x.Slots[0] * Momentum + g;
        return (x.W - rate * (Nesterov ? g + b * Momentum : b), [b]);
    }

    internal override void Validate()
    {
        base.Validate();
        Require(Momentum is >= 0 and < 1, nameof(Momentum), Momentum, "in [0, 1)");
        Require(!Nesterov || Momentum > 0, nameof(Momentum), Momentum, "above 0 for Nesterov's");
    }
}
