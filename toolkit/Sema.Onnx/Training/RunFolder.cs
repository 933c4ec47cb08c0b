using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Training;

/// <summary>The folder of a run: training graphs, checkpoints, metrics, and what model they are of.</summary>
/// <param name="Path">The folder.</param>
public sealed record RunFolder(string Path)
{
    /// <summary>Gets the folder of the training graphs.</summary>
    public string Artifacts => System.IO.Path.Combine(Path, "artifacts");

    /// <summary>Gets the folder of the checkpoints.</summary>
    public string Checkpoints => System.IO.Path.Combine(Path, "checkpoints");

    /// <summary>Gets the file with one JSON object a measurement.</summary>
    public string Metrics => System.IO.Path.Combine(Path, "metrics.jsonl");

    /// <summary>Gets the file that says what model the run is of.</summary>
    public string Info => System.IO.Path.Combine(Path, "run.json");

    /// <summary>Gets the file in which a caller may keep its own settings; it may stand there before the run begins.</summary>
    public string Config => System.IO.Path.Combine(Path, "config.json");

    /// <summary>Gets whether a run has begun in the folder.</summary>
    public bool HasBegun => File.Exists(Info);

    /// <summary>Gets the name of the checkpoint with the best evaluation.</summary>
    public const string Best = "best";

    /// <summary>Checks that a run may begin in the folder: it does not exist, or holds nothing but the caller's settings.</summary>
    /// <exception cref="IOException">Something else stands there.</exception>
    public void CheckFree()
    {
        if (Directory.Exists(Path) && Directory.EnumerateFileSystemEntries(Path).Any(e => !e.StartsWith(Config, StringComparison.Ordinal)))
            throw new IOException($"The folder '{Path}' is not empty; name another for the run, or go on with the one there (--resume).");
    }

    /// <summary>Removes what a killed process left half-written.</summary>
    internal void Clean()
    {
        foreach (var half in Directory.EnumerateDirectories(Path, ".artifacts.*"))
            Directory.Delete(half, recursive: true);
    }

    internal void Write(RunInfo info)
    {
        var temporary = Info + ".new";
        File.WriteAllText(temporary, JsonSerializer.Serialize(info, RunInfoJson.Default.RunInfo) + "\n");
        File.Move(temporary, Info, overwrite: true);
    }

    /// <exception cref="IOException">The folder holds no run.</exception>
    internal RunInfo Read()
    {
        try
        {
            var info = JsonSerializer.Deserialize(File.ReadAllBytes(Info), RunInfoJson.Default.RunInfo);
            return info is { Format: RunInfo.CurrentFormat } ? info : throw new IOException(
                $"'{Info}' is of version {info?.Format}; this program reads version {RunInfo.CurrentFormat}.");
        }
        catch (Exception e) when (e is JsonException or FileNotFoundException or DirectoryNotFoundException)
        {
            throw new IOException($"'{Path}' holds no training run: its run.json is missing or damaged.", e);
        }
    }
}

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
        CurrentFormat, Path.GetFullPath(model), Digest(model), options.Classes, options.Output, options.Seed, options.Averaging.Averages);

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
