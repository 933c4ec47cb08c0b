using System.Text.Json;
using System.Text.Json.Serialization;
using Sema.Onnx.Graphs.Passes;

namespace Sema.Onnx.Graphs.Composition;

/// <summary>What <c>manifest.json</c> says of a folder of training graphs.</summary>
/// <param name="Format">The version of the folder's layout.</param>
/// <param name="Model">The file name of the model the graphs were made from.</param>
/// <param name="Opset">The standard operator set of the graphs.</param>
/// <param name="Inputs">The model's inputs.</param>
/// <param name="Target">The targets.</param>
/// <param name="Prediction">The output that the loss is about.</param>
/// <param name="ClassAxis">The prediction's axis of classes, or -1.</param>
/// <param name="Loss">The loss, in words.</param>
/// <param name="Optimizer">The optimizer, in words.</param>
/// <param name="Slots">The optimizer's state vectors.</param>
/// <param name="Averages">How many averages <c>update.onnx</c> keeps.</param>
/// <param name="Accumulate">Whether <c>training.onnx</c> adds to accumulators.</param>
/// <param name="Layout">The parameters' places in the flat vectors.</param>
/// <param name="Statistics">The running statistics that training moves.</param>
/// <param name="Digests">The SHA-256 of each file, in hexadecimal.</param>
/// <param name="Recompute">Whether <c>training.onnx</c> computes cheap activations again for its backward half.</param>
internal sealed record Manifest(
    int Format, string Model, int Opset, IReadOnlyList<TensorSignature> Inputs, TensorSignature Target, TensorSignature Prediction, int ClassAxis, string Loss,
    string Optimizer, IReadOnlyList<string> Slots, int Averages, bool Accumulate, ParameterLayout Layout,
    IReadOnlyList<BatchStatistics> Statistics, IReadOnlyDictionary<string, string> Digests, bool Recompute = false)
{
    internal const int CurrentFormat = 3;

    /// <summary>Reads the manifest of a folder.</summary>
    /// <exception cref="InvalidModelException">It is missing, malformed, or of another version.</exception>
    internal static Manifest Read(string folder)
    {
        var path = Path.Combine(folder, ArtifactFolder.ManifestFile);
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("format", out var format) && format.GetRawText() != $"{CurrentFormat}")
                throw new InvalidModelException($"'{path}' is of version {format.GetRawText()}; this program reads version {CurrentFormat}. Make the training graphs anew.");
            return json.Deserialize(ManifestJson.Default.Manifest) ?? throw new JsonException("The document is null.");
        }
        catch (Exception e) when (e is JsonException or FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidModelException($"'{folder}' is no folder of training graphs: its {ArtifactFolder.ManifestFile} is missing or damaged.", e);
        }
    }

    /// <summary>Checks that the folder's files are those that the manifest was written for.</summary>
    /// <exception cref="InvalidModelException">One is missing or has changed, or the flat vector is longer than the file that fills it.</exception>
    internal void CheckFiles(string folder)
    {
        foreach (var name in new[] { ArtifactFolder.Training, ArtifactFolder.Eval, ArtifactFolder.Update, ArtifactFolder.Weights })
        {
            var path = Path.Combine(folder, name);
            if (!File.Exists(path) || Digests.GetValueOrDefault(name) != ArtifactFolder.Digest(path))
                throw new InvalidModelException($"'{path}' {(File.Exists(path) ? "is not the file that its manifest was written for" : "is missing")}; make the training graphs anew.");
        }

        var held = new FileInfo(Path.Combine(folder, ArtifactFolder.Weights)).Length / sizeof(float);
        if (Layout.Groups.Any(g => g.Start < 0 || g.Length < 0 || g.Length > held) || Layout.Length > held)
            throw new InvalidModelException($"The manifest of '{folder}' claims more weights than its {ArtifactFolder.Weights} holds; make the training graphs anew.");
        if (!Layout.IsSound())
            throw new InvalidModelException($"The manifest of '{folder}' puts weights where others are, or outside their group; make the training graphs anew.");
    }

    /// <summary>Gets the parameters that are running statistics.</summary>
    internal IEnumerable<Parameter> RunningStatistics => Layout.Parameters.Where(p => Statistics.Any(s => p.Name == s.Mean || p.Name == s.Variance));

    internal string ToJson() => JsonSerializer.Serialize(this, ManifestJson.Default.Manifest);
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Manifest))]
internal sealed partial class ManifestJson : JsonSerializerContext;
