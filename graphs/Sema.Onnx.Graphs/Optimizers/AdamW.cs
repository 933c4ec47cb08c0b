namespace Sema.Onnx.Graphs.Optimizers;

/// <summary>Adam with decoupled weight decay: w ← (1 − η λ) w before the step.</summary>
/// <remarks>Source: Loshchilov and Hutter, <see href="https://arxiv.org/abs/1711.05101">arXiv:1711.05101</see>, algorithm 2, the decay scaled by η as in PyTorch.</remarks>
public sealed record AdamW : Adam
{
    internal override (Value Weights, IReadOnlyList<Value> Slots) Step(OptimizerInputs x) =>
        Move(x, Shrunk(x), x.G);
}
