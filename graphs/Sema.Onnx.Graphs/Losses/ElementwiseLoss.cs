namespace Sema.Onnx.Graphs.Losses;

/// <summary>A loss that is the mean of one term an element of the prediction; the target has the prediction's shape.</summary>
public abstract record ElementwiseLoss : Loss
{
    /// <summary>Appends the terms, one an element.</summary>
    internal abstract Value Terms(Value prediction, Value target);

    internal override LossValues Build(Value prediction, Value target, Value? mask)
    {
        var shape = prediction.KnownShape;
        if (!shape.IsStatic || target.KnownShape.Count != shape.Count)
            throw new InvalidModelException($"The model's output of shape {shape} and targets of shape {target.Shape} differ; the loss compares them element by element.");
        var terms = Terms(prediction, target.KnownShape.Equals(shape) ? target : target.Reshape(shape.Sizes));
        if (mask is null)
            return new(terms.SumAll() / shape.Count, terms.Graph.Scalar(shape.Count, terms.Type).Identity());
        var rows = mask.Reshape([-1, .. Enumerable.Repeat(1L, shape.Rank - 1)]);
        var weight = mask.SumAll() * ((double)shape.Count / shape[0].Size);
        return new((terms * rows).SumAll() / weight.Max(weight.Like(1)), weight);
    }
}

/// <summary>Binary cross-entropy of logits against targets in [0, 1], in nats: log(1 + eˣ) − x t.</summary>
/// <remarks>A final Sigmoid of the model is taken off for training: the loss computes it itself, without overflow.</remarks>
public sealed record BinaryCrossEntropyLoss : ElementwiseLoss
{
    internal override IReadOnlyList<string> Absorbs => ["Sigmoid"];

    internal override Value Terms(Value prediction, Value target) => prediction.Graph.Emit("Softplus", [prediction]) - prediction * target;
}

/// <summary>Mean squared error: (x − t)².</summary>
public sealed record MeanSquaredErrorLoss : ElementwiseLoss
{
    internal override Value Terms(Value prediction, Value target) => (prediction - target).Square();
}

/// <summary>Mean absolute error (L1): |x − t|; its gradient at x = t is 0.</summary>
public sealed record MeanAbsoluteErrorLoss : ElementwiseLoss
{
    internal override Value Terms(Value prediction, Value target) => (prediction - target).Abs();
}

/// <summary>Huber loss: (x − t)²/2 up to a distance δ, δ(|x − t| − δ/2) beyond.</summary>
/// <remarks>Source: Huber 1964, Robust Estimation of a Location Parameter.</remarks>
public sealed record HuberLoss : ElementwiseLoss
{
    /// <summary>Gets the distance δ &gt; 0 at which the loss becomes linear. Default 1.</summary>
    public float Delta { get; init; } = 1;

    internal override void Validate()
    {
        if (!(Delta > 0) || !float.IsFinite(Delta))
            throw new ArgumentOutOfRangeException(nameof(Delta), Delta, $"{nameof(Delta)} must be above 0.");
    }

    // With c = min(|x − t|, δ): c (|x − t| − c/2) is both pieces in one.
    internal override Value Terms(Value prediction, Value target)
    {
        var distance = (prediction - target).Abs();
        var inner = distance.Less(distance.Like(Delta)).Where(distance, distance.Like(Delta));
        return inner * (distance - inner * 0.5);
    }
}
