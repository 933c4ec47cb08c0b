namespace Sema.Onnx.Averaging;

/// <summary>A decay of <c>min(d, 1 − (1 + t/γ)^−p)</c>, with t the steps done, this one included.</summary>
/// <remarks>
/// γ = p = 1 gives the plain mean of the first weights and those after each step until d is reached. Source: Katherine Crowson's EMAWarmup in
/// <see href="https://github.com/crowsonkb/k-diffusion">k-diffusion</see>, taken up by Hugging Face's diffusers
/// (EMAModel).
/// </remarks>
public sealed record PowerWarmup : EmaWarmup
{
    /// <summary>Initializes a power warm-up.</summary>
    /// <param name="gamma">γ, in steps, finite and more than 0; larger is slower.</param>
    /// <param name="power">p, finite and more than 0: 2/3 for a million steps or more, 3/4 for fewer, as its author
    /// says.</param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is out of range.</exception>
    public PowerWarmup(double gamma = 1, double power = 0.75)
    {
        Gamma = gamma > 0 && double.IsFinite(gamma)
            ? gamma
            : throw new ArgumentOutOfRangeException(nameof(gamma), gamma,
                "γ must be finite and more than 0, such as 1.");
        Power = power > 0 && double.IsFinite(power)
            ? power
            : throw new ArgumentOutOfRangeException(nameof(power), power,
                "The power p must be finite and more than 0, such as 0.75.");
    }

    /// <summary>Gets γ, in steps.</summary>
    public double Gamma { get; }

    /// <summary>Gets p.</summary>
    public double Power { get; }

    /// <inheritdoc/>
    public override double Decay(double decay, long t) => Math.Min(decay, 1 - Math.Pow(1 + (t / Gamma), -Power));
}
