namespace Sema.Onnx.Graphs.Losses;

/// <summary>Binary cross-entropy of logits against targets in [0, 1], in nats: log(1 + eˣ) − x t.</summary>
/// <remarks>A final Sigmoid of the model is taken off for training: the loss computes it itself, without overflow.</remarks>
public sealed record BinaryCrossEntropyLoss : ElementwiseLoss
{
    internal override IReadOnlyList<string> Absorbs => ["Sigmoid"];

    internal override Value Terms(Value prediction, Value target) => prediction.Graph.Emit("Softplus", [prediction]) - prediction * target;
}
