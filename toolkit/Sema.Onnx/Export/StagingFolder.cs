using System.Collections.Concurrent;

namespace Sema.Onnx.Export;

/// <summary>A folder beside a place, where what belongs there is written before it is moved; it goes with its object, or else with the process.</summary>
internal sealed class StagingFolder : IDisposable
{
    private static readonly ConcurrentDictionary<string, bool> Open = new();

    static StagingFolder() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (var path in Open.Keys)
            Delete(path);
    };

    /// <summary>Chooses a new folder beside a place.</summary>
    /// <param name="place">The full path of the file or folder to be.</param>
    internal StagingFolder(string place)
    {
        Path = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(place)!, $".{System.IO.Path.GetFileName(place)}.{Guid.NewGuid():N}");
        Open[Path] = true;
        Directory.CreateDirectory(Path);
    }

    /// <summary>Gets the folder.</summary>
    internal string Path { get; }

    /// <summary>Deletes what was not moved.</summary>
    public void Dispose()
    {
        Delete(Path);
        Open.TryRemove(Path, out _);
    }

    private static void Delete(string path)
    {
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
    }
}
