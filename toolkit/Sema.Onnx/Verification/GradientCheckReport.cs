using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sema.Onnx.Verification;

/// <summary>How the gradients of a model compare with differences of its loss.</summary>
/// <param name="Model">The model's file name.</param>
/// <param name="Passed">Whether every error is below its tolerance, in each precision that was computed.</param>
/// <param name="Precision"><c>float64</c>, or <c>float32</c> where the model cannot be computed in float64.</param>
/// <param name="Tolerance">What every relative error must be below: 1e-6 in float64, 1e-3 in float32.</param>
/// <param name="Worst">The parameter with the largest relative error, and that error.</param>
/// <param name="Float32Tolerance">Where <paramref name="Precision"/> is float64: what the errors of the float32 gradients must be below.</param>
/// <param name="Float32Worst">Where <paramref name="Precision"/> is float64: the parameter whose float32 gradient has the largest error.</param>
/// <param name="Float64Refused">Why the model cannot be computed in float64; <see langword="null"/> where it was.</param>
/// <param name="Seed">What was drawn from.</param>
/// <param name="Draws">How many times inputs were drawn: more than once where a parameter failed on the first inputs; see the remarks of <see cref="GradientCheck"/>.</param>
/// <param name="Loss">The loss of the first draw.</param>
/// <param name="Terms">The values that the loss is a random projection of: the outputs, or the last floats before them.</param>
/// <param name="Inputs">The inputs that were drawn.</param>
/// <param name="Parameters">Every parameter checked, in the file's order.</param>
public sealed record GradientCheckReport(
    string Model, bool Passed, string Precision, double Tolerance, WorstParameter Worst, double? Float32Tolerance, WorstParameter? Float32Worst,
    string? Float64Refused, int Seed, int Draws, double Loss, IReadOnlyList<string> Terms, IReadOnlyList<SyntheticInput> Inputs,
    IReadOnlyList<ParameterCheck> Parameters)
{
    /// <summary>Writes the report as one JSON document.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, GradientCheckJson.Default.GradientCheckReport);
}

/// <summary>The parameter with the largest error.</summary>
/// <param name="Name">Its name.</param>
/// <param name="RelativeError">Its error.</param>
public sealed record WorstParameter(string Name, double RelativeError);

/// <summary>An input that was drawn.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its elements' type, such as <c>int64</c>.</param>
/// <param name="Shape">Its sizes, outermost first.</param>
/// <param name="Range">What it was drawn from, in words such as <c>normal</c>, <c>0..104</c> or <c>one of 8000, 16000</c>.</param>
/// <param name="Declared">The shape that the file declares, where the check changed it to a smaller image, as in <c>[1, 3, 416, 416]</c>; else <see langword="null"/>.</param>
public sealed record SyntheticInput(string Name, string Type, IReadOnlyList<long> Shape, string Range, string? Declared = null);

/// <summary>One parameter's gradient g against the loss's difference D along a direction v; of several directions, the worst.</summary>
/// <param name="Name">The parameter.</param>
/// <param name="Shape">Its sizes, outermost first.</param>
/// <param name="GradientNorm">‖g‖₂.</param>
/// <param name="Directional">⟨g, v⟩.</param>
/// <param name="Difference">D = (L(w + h v) − L(w − h v)) / 2h.</param>
/// <param name="Step">h, relative to the parameter's root mean square.</param>
/// <param name="ChoicesHeld">Whether D is of the smooth piece of L that w is on, not of L itself: where a step would have crossed a kink.</param>
/// <param name="RelativeError">|⟨g, v⟩ − D| over the largest of |⟨g, v⟩|, |D| and ‖g‖‖v‖/√n; see the remarks of <see cref="GradientCheck"/>.</param>
/// <param name="Float32RelativeError">The same of the float32 gradient, where <paramref name="RelativeError"/> is of float64.</param>
/// <param name="Draw">Which draw of inputs the figures are of, from 1.</param>
public sealed record ParameterCheck(
    string Name, IReadOnlyList<long> Shape, double GradientNorm, double Directional, double Difference, double Step, bool ChoicesHeld, double RelativeError,
    double? Float32RelativeError, int Draw);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(GradientCheckReport))]
internal sealed partial class GradientCheckJson : JsonSerializerContext;
