namespace Sema.Onnx.Graphs.Optimizers;

/// <summary>RMSprop: each weight's step is divided by the root of a running mean of its squared gradients; weight decay is added to the gradient.</summary>
/// <remarks>
/// Source: Tieleman and Hinton 2012, <see href="https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf">lecture 6e, slide 29</see>;
/// centred: Graves, <see href="https://arxiv.org/abs/1308.0850">arXiv:1308.0850</see>, equations 38 to 41. In PyTorch's form, defaults as in torch.optim 1.13.
/// </remarks>
public sealed record RmsProp : Optimizer
{
    /// <summary>Gets the decay α of the running means, in [0, 1). Default 0.99.</summary>
    public double Alpha { get; init; } = 0.99;

    /// <summary>Gets ε &gt; 0, added to the root. Default 1e-8.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Gets the momentum μ in [0, 1). Default 0: none, and no state for it.</summary>
    public double Momentum { get; init; }

    /// <summary>Gets whether the gradient's running mean is taken off, so that the root is of its variance. Default false.</summary>
    public bool Centered { get; init; }

    internal override IReadOnlyList<string> Slots => ["square", .. Centered ? ["mean"] : Array.Empty<string>(), .. Momentum > 0 ? ["momentum"] : Array.Empty<string>()];

    // v ← α v + (1 − α) g²; b ← μ b + g / (√v + ε); w ← w − η b. Centred: m ← α m + (1 − α) g, and √(v − m²) for √v
    internal override (Value Weights, IReadOnlyList<Value> Slots) Step(OptimizerInputs x)
    {
        var g = WithDecay(x);
        var v = x.Slots[0] * Alpha + g.Square() * (1 - Alpha);
        List<Value> slots = [v];
        var variance = v;
        if (Centered)
        {
            var m = x.Slots[1] * Alpha + g * (1 - Alpha);
            slots.Add(m);
            variance = (v - m.Square()).Max(v.Like(0));   // rounding can leave it below 0
        }

        var b = g / (variance.Sqrt() + Epsilon);
        if (Momentum > 0)
        {
            b = x.Slots[^1] * Momentum + b;
            slots.Add(b);
        }

        return (x.W - x.Scalar(x.LearningRate) * b, slots);
    }

    internal override void Validate()
    {
        base.Validate();
        Require(Alpha is >= 0 and < 1, nameof(Alpha), Alpha, "in [0, 1)");
        Require(Epsilon > 0, nameof(Epsilon), Epsilon, "above 0");
        Require(Momentum is >= 0 and < 1, nameof(Momentum), Momentum, "in [0, 1)");
    }
}
