using System.Text.Json;

namespace Sema.Onnx.Training;

/// <summary>The folder of a run: training graphs, checkpoints, metrics, and what model they are of.</summary>
/// <param name="Path">The folder.</param>
public sealed record RunFolder(string Path)
{
    /// <summary>Gets the folder of the training graphs.</summary>
    public string Artifacts => System.IO.Path.Combine(Path, "artifacts");

    /// <summary>Gets the folder of the checkpoints.</summary>
    public string Checkpoints => System.IO.Path.Combine(Path, "checkpoints");

    /// <summary>Gets the folder of the averages that are put on record during the run.</summary>
    public string Records => System.IO.Path.Combine(Path, "records");

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
