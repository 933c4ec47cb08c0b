namespace Sema.Onnx.Graphs.Optimizers;

/// <summary>Takes out of a step the part along the weights, where these are scale-invariant: AdamP's and SGDP's share.</summary>
/// <remarks>
/// Source: Heo et al., <see href="https://arxiv.org/abs/2006.08217">arXiv:2006.08217</see>, equation 12: weights count as scale-invariant where the gradient is nearly at right
/// angles to them, |cos(w, g)| &lt; δ / √dim(w). As in the authors' code, each slice of the first axis is looked at (all must be), then the parameter as a
/// whole; vectors are never projected.
/// </remarks>
internal static class RadialProjection
{
    /// <summary>Guards quotients of norms that may be 0, as in the authors' code.</summary>
    private const double Tiny = 1e-8;

    /// <summary>Projects a step.</summary>
    /// <param name="x">What the update reads.</param>
    /// <param name="step">The step, as long as the weights.</param>
    /// <param name="delta">δ.</param>
    /// <param name="decayRatio">What weight decay is multiplied by where the step is projected.</param>
    /// <returns>The step, and the factor of the weight decay, a float64 scalar.</returns>
    internal static (Value Step, Value DecayFactor) Project(OptimizerInputs x, Value step, double delta, double decayRatio)
    {
        var sizes = x.Sizes!;
        var (one, first) = (sizes.Graph.Vector(1), sizes.Slice(0, 0, 1));
        var isMatrix = (first * sizes.Slice(0, 1, 2)).Reshape(Array.Empty<long>()).Greater(sizes.Graph.Integer(1));
        var rest = sizes.Graph.Vector(-1);
        var (slices, bySlice) = Along(Operators.Concat([first, rest], 0));
        var (whole, byWhole) = Along(Operators.Concat([one, rest], 0));
        slices = slices.And(isMatrix);
        whole = whole.And(isMatrix);
        var factor = slices.Or(whole).Where(x.Step.Like(decayRatio), x.Step.Like(1));
        return (slices.Where(bySlice, whole.Where(byWhole, step)), factor);

        // Whether every row of a view is at right angles to its gradient, and the step without its parts along the rows.
        (Value IsInvariant, Value Projected) Along(Value view)
        {
            var (w, g, p) = (x.W.Reshape(view), x.G.Reshape(view), step.Reshape(view));
            var norm = Row(w * w).Sqrt();
            var cosine = Row(w * g).Abs() / (norm * Row(g * g).Sqrt()).Max(norm.Like(Tiny));
            var count = w.DynamicShape().Slice(0, 1, 2).Cast(w.Type).Reshape(Array.Empty<long>());
            var invariant = w.Graph.Emit("ReduceMax", [cosine], ("keepdims", 0)).As(w.Type).Less(count.Sqrt().Reciprocal() * delta);
            var unit = w / (norm + Tiny);
            return (invariant, (p - unit * Row(unit * p)).Reshape(-1));
        }

        static Value Row(Value v) => v.Sum([1L], keep: true);
    }
}
