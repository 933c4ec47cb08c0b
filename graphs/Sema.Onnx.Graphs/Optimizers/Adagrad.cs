namespace Sema.Onnx.Graphs.Optimizers;

/// <summary>Adagrad: each weight's step is divided by the root of the sum of all its squared gradients; weight decay is added to the gradient.</summary>
/// <remarks>
/// Source: Duchi, Hazan and Singer 2011, <see href="https://jmlr.org/papers/v12/duchi11a.html">Adaptive subgradient methods</see>, figure 1 with a
/// diagonal matrix, in PyTorch's form. Defaults as in torch.optim 1.13.
/// </remarks>
public sealed record Adagrad : Optimizer
{
    /// <summary>Gets ε &gt; 0, added to the root of the sum. Default 1e-10.</summary>
    public double Epsilon { get; init; } = 1e-10;

    /// <summary>Gets how fast the learning rate falls, at least 0: step t takes η / (1 + (t − 1) d). Default 0.</summary>
    public double RateDecay { get; init; }

    internal override IReadOnlyList<string> Slots => ["square_sum"];

    // s ← s + g²; w ← w − η/(1 + (t − 1) d) g / (√s + ε)
    internal override (Value Weights, IReadOnlyList<Value> Slots) Step(OptimizerInputs x)
    {
        var g = WithDecay(x);
        var s = x.Slots[0] + g.Square();
        var rate = x.Scalar(x.LearningRate / ((x.Step - 1) * RateDecay + 1));
        return (x.W - rate * (g / (s.Sqrt() + Epsilon)), [s]);
    }

    internal override void Validate()
    {
        base.Validate();
        Require(Epsilon > 0, nameof(Epsilon), Epsilon, "above 0");
        Require(RateDecay >= 0, nameof(RateDecay), RateDecay, "at least 0");
    }
}
