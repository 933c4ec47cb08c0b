namespace Sema.Onnx.Graphs.Losses;

/// <summary>Mean squared error: (x − t)².</summary>
public sealed record MeanSquaredErrorLoss : ElementwiseLoss
{
    internal override Value Terms(Value prediction, Value target) => (prediction - target).Square();
}
