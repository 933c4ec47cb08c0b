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
