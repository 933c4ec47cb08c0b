namespace Sema.Onnx.Graphs.Losses;

/// <summary>Mean absolute error (L1): |x − t|; its gradient at x = t is 0.</summary>
public sealed record MeanAbsoluteErrorLoss : ElementwiseLoss
{
    internal override Value Terms(Value prediction, Value target) => (prediction - target).Abs();
}
