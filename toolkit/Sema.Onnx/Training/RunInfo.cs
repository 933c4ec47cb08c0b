using System.Security.Cryptography;
using System.Text.Json.Serialization;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Training;

/// <summary>What <c>run.json</c> says.</summary>
/// <param name="Format">The version of the run's layout.</param>
/// <param name="Model">The full path of the model the run started from.</param>
/// <param name="Sha256">The model's digest, in hexadecimal.</param>
/// <param name="Classes">The number of classes of a new head, if there is one.</param>
/// <param name="Output">The output that the loss is about, if one was named.</param>
/// <param name="Seed">The seed of the run.</param>
/// <param name="Averages">The names of the averages.</param>
internal sealed record RunInfo(int Format, string Model, string Sha256, int? Classes, string? Output, int Seed, IReadOnlyList<string> Averages)
{
    internal const int CurrentFormat = 1;

    internal static RunInfo Of(string model, TrainerOptions options) => new(
        CurrentFormat, Path.GetFullPath(model), Digest(model), options.Classes, options.Output, options.Seed, options.AllAveraging.Averages);

    /// <summary>Checks that the model is still there as it was.</summary>
    /// <exception cref="InvalidModelException">It is gone or has changed.</exception>
    internal void CheckModel()
    {
        if (!File.Exists(Model) || Digest(Model) != Sha256)
            throw new InvalidModelException($"The run's model '{Model}' {(File.Exists(Model) ? "has changed since the run began" : "is gone")}; put the original back.");
    }

    private static string Digest(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(RunInfo))]
internal sealed partial class RunInfoJson : JsonSerializerContext;
