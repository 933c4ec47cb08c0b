namespace Sema.Onnx.Training;

/// <summary>Sharpness-aware minimisation around any optimizer: its gradient is taken at w + ε, where the loss is about the highest
/// near w, and the step is made from w.</summary>
/// <remarks>
/// <para>SAM: <c>ε = ρ g / ‖g‖</c>. ASAM, where a weight's neighbourhood grows with it: <c>ε = ρ T² g / ‖T g‖</c> with
/// <c>T = |w| + η</c> for each element; the authors' program leaves biases at T = 1, the paper and this do not.</para>
/// <para>A step costs two gradients instead of one, and one more copy of the weights. With several batches to a step each is perturbed by its own
/// gradient (m-sharpness), for one more copy of the gradients. Batch-norm statistics come from the first gradient alone, as the reported loss and accuracy do;
/// clipping, and the reported norm of the gradient, are of the second, which the optimizer uses. Where g is 0 there is no ε.</para>
/// <para>Sources: Foret et al., <see href="https://arxiv.org/abs/2010.01412">arXiv:2010.01412</see>; Kwon et al.,
/// <see href="https://arxiv.org/abs/2102.11600">arXiv:2102.11600</see>.</para>
/// </remarks>
public sealed record SharpnessAware
{
    /// <summary>Gets ρ, how far from the weights the gradient is taken, above 0. The papers use 0.05 for SAM and 0.5 to 1 for ASAM. Default 0.05.</summary>
    public double Rho { get; init; } = 0.05;

    /// <summary>Gets whether the distance of each weight grows with it, as in ASAM. Default: no.</summary>
    public bool Adaptive { get; init; }

    /// <summary>Gets η of ASAM, which keeps weights near 0 in the neighbourhood, at least 0. Default 0.01.</summary>
    public double Eta { get; init; } = 0.01;

    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    internal void Validate()
    {
        if (!(Rho > 0) || !double.IsFinite(Rho))
            throw new ArgumentOutOfRangeException(nameof(Rho), Rho, "The neighbourhood of sharpness-aware minimisation must be above 0, such as 0.05.");
        if (!(Eta >= 0) || !double.IsFinite(Eta))
            throw new ArgumentOutOfRangeException(nameof(Eta), Eta, "The η of adaptive sharpness-aware minimisation must be at least 0, such as 0.01.");
    }
}
