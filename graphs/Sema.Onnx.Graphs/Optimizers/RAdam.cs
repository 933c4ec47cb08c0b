namespace Sema.Onnx.Graphs.Optimizers;

/// <summary>RAdam: Adam that divides by the second moment once that is known well enough; weight decay is added to the gradient.</summary>
/// <remarks>
/// Source: Liu et al., <see href="https://arxiv.org/abs/1908.03265">arXiv:1908.03265</see>, algorithm 2, in PyTorch's form: rectified from ρ_t &gt; 5 on (the paper
/// says 4), and ε added before the second moment's bias is corrected. Defaults as in torch.optim 1.13.
/// </remarks>
public sealed record RAdam : Adam
{
    internal override (Value Weights, IReadOnlyList<Value> Slots) Step(OptimizerInputs x)
    {
        var (m, v) = Moments(x, WithDecay(x));
        return (x.W - Rectified(x, m, v), [m, v]);
    }
}
