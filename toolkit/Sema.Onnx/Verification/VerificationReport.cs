using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sema.Onnx.Verification;

/// <summary>The largest difference from the reference over a set of tensors.</summary>
/// <param name="Max">The largest relative error: ‖ours − reference‖₂ / ‖reference‖₂ of one tensor.</param>
/// <param name="Worst">The tensor that has it.</param>
public sealed record Deviation(double Max, string? Worst = null)
{
    /// <summary>Gets <c>float64</c> where float32 went beyond the tolerance and float64 was judged instead; <see langword="null"/> where float32 was enough.</summary>
    public string? Precision { get; init; }

    /// <summary>Gets the deviation of the float32 figures, where float64 was judged.</summary>
    public Deviation? Float32 { get; init; }

    /// <summary>Gets why float64 could not be computed, where it was needed and the float32 figures had to be judged.</summary>
    public string? Float64Refused { get; init; }
}

/// <summary>How a replayed trajectory compares with its reference.</summary>
/// <param name="Model">The model's file name.</param>
/// <param name="Steps">The number of optimizer steps replayed.</param>
/// <param name="Loss">Over the loss before each step.</param>
/// <param name="Grad">Over the gradients of the first step; see the remarks of <see cref="Verifier"/> on its precision.</param>
/// <param name="Final">Over the weights after the last step.</param>
/// <param name="Ema">Over the averaged weights after the last step, if the reference has them.</param>
/// <param name="Passed">Whether all are within their tolerances.</param>
public sealed record VerificationReport(
    string Model, long Steps, Deviation Loss, Deviation Grad, Deviation Final, Deviation? Ema, bool Passed)
{
    /// <summary>Writes the report as one line of JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, VerificationJson.Default.VerificationReport);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(VerificationReport))]
internal sealed partial class VerificationJson : JsonSerializerContext;
