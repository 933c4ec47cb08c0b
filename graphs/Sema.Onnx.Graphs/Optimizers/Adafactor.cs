namespace Sema.Onnx.Graphs.Optimizers;

/// <summary>Adafactor: the second moment is a product of a row's and a column's, the step is clipped and relative to the weights; weight decay is decoupled.</summary>
/// <remarks>
/// Source: Shazeer and Stern, <see href="https://arxiv.org/abs/1804.04235">arXiv:1804.04235</see>, algorithm 4 (matrices) and 5 (vectors), without momentum; the learning
/// rate is the paper's relative step size ρ_t. A tensor of more axes, of which the paper says nothing, is a matrix of its first axis by all others: a
/// convolution's output channels by what each looks at. The moments of the rows and of the columns stand at the front of slots that are as long as the
/// weights, as all slots are, so the state takes Adam's memory: it is the algorithm that is had here, not its savings.
/// </remarks>
public sealed record Adafactor : Optimizer
{
    /// <summary>Gets the exponent c &gt; 0 of the decay β₂ = 1 − t^−c. Default 0.8.</summary>
    public double DecayExponent { get; init; } = 0.8;

    /// <summary>Gets the root mean square d &gt; 0 that a step is clipped to before it is scaled. Default 1.</summary>
    public double ClipThreshold { get; init; } = 1;

    /// <summary>Gets ε₁ &gt; 0, added to squared gradients. Default 1e-30.</summary>
    public double Epsilon1 { get; init; } = 1e-30;

    /// <summary>Gets ε₂ &gt; 0, the least root mean square of the weights that steps are relative to. Default 1e-3.</summary>
    public double Epsilon2 { get; init; } = 1e-3;

    internal override bool IsPerParameter => true;

    internal override IReadOnlyList<string> Slots => ["rows", "columns"];

    // r ← β₂ r + (1 − β₂) mean over a row of (g² + ε₁), c alike over a column; u = g / √(r c / mean r); w ← w − η max(ε₂, rms w) u / max(1, rms(u) / d)
    internal override (Value Weights, IReadOnlyList<Value> Slots) Step(OptimizerInputs x)
    {
        var rows = x.Sizes!.Slice(0, 0, 1);
        var g = x.G.Reshape(Operators.Concat([rows, rows.Graph.Vector(-1)], 0));
        var columns = g.DynamicShape().Slice(0, 1, 2);
        var length = rows * columns;
        var (old, squares) = (x.Scalar(1 - x.Step.Pow(x.Step.Like(-DecayExponent))), g.Square());
        var r = Front(x.Slots[0], rows).Reshape(-1, 1) * old + (squares.Mean([1], keep: true) + Epsilon1) * (1 - old);
        var c = Front(x.Slots[1], columns).Reshape(1, -1) * old + (squares.Mean([0], keep: true) + Epsilon1) * (1 - old);
        var u = g / (r / r.Mean([0], keep: true)).Sqrt() / c.Sqrt();
        var clip = (Rms(u) / ClipThreshold).Max(u.Like(1));
        var rate = x.Scalar(x.LearningRate) * Rms(x.W).Max(u.Like(Epsilon2)) / clip;
        return (Shrunk(x) - rate * u.Reshape(-1), [Whole(r, rows), Whole(c, columns)]);

        static Value Front(Value slot, Value count) => slot.Slice(count.Graph.Vector(0), count);

        // The moments at the front, 0 behind them.
        Value Whole(Value moments, Value count) =>
            count.Graph.Emit("Pad", [moments.Reshape(-1), Operators.Concat([count.Graph.Vector(0), length - count], 0)]);

        Value Rms(Value v) => (v.Graph.Emit("ReduceSumSquare", [v], ("keepdims", 0)).As(v.Type) / length.Cast(v.Type)).Sqrt();
    }

    internal override void Validate()
    {
        base.Validate();
        Require(DecayExponent > 0, nameof(DecayExponent), DecayExponent, "above 0");
        Require(ClipThreshold > 0, nameof(ClipThreshold), ClipThreshold, "above 0");
        Require(Epsilon1 > 0, nameof(Epsilon1), Epsilon1, "above 0");
        Require(Epsilon2 > 0, nameof(Epsilon2), Epsilon2, "above 0");
    }
}
