namespace Sema.Onnx.Checkpoints.Storage;

/// <summary>The folder that holds a store's checkpoints, and the renames by which each is there whole or not at
/// all.</summary>
/// <remarks>
/// A checkpoint X is written as <c>.new-X</c>; what it replaces is <c>.old-X</c> meanwhile; what is to go is
/// <c>.del-X</c> first.
/// Whoever changes anything here holds the <see cref="StoreLock"/>.
/// </remarks>
internal sealed class StoreFolder(string path)
{
    private const string New = ".new-";
    private const string Old = ".old-";
    private const string Doomed = ".del-";

    internal string Path { get; } = path;

    internal string PathOf(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>The checkpoints here: those of steps, earliest first, then the named ones by name.</summary>
    internal IReadOnlyList<string> Names() =>
    [
        .. Steps().Select(CheckpointName.OfStep),
        .. FolderNames().Where(CheckpointName.IsWord).Order(StringComparer.Ordinal),
    ];

    internal IReadOnlyList<long> Steps() =>
    [
        .. FolderNames().Select(name => CheckpointName.TryGetStep(name, out var step) ? step : -1)
            .Where(step => step >= 0)
            .Order(),
    ];

    /// <summary>An empty folder to write the checkpoint into.</summary>
    internal string CreateNew(string name) => Directory.CreateDirectory(PathOf(New + name)).FullName;

    /// <summary>Puts what was written in the place of its name, and deletes what it replaces.</summary>
    internal void PutInPlace(string name, Action<SaveStage> reached)
    {
        DirectorySync.TryFlush(PathOf(New + name));
        if (Directory.Exists(PathOf(name)))
            Directory.Move(PathOf(name), PathOf(Old + name));
        reached(SaveStage.OldMovedAside);
        Directory.Move(PathOf(New + name), PathOf(name));
        DirectorySync.TryFlush(Path);
        reached(SaveStage.InPlace);
        TryDeleteFolder(PathOf(Old + name));
        reached(SaveStage.OldDeleted);
    }

    /// <summary>Deletes a checkpoint. Renamed first: killed on the way, half of it is not taken for a damaged
    /// one.</summary>
    internal void Delete(string name, Action<SaveStage> reached)
    {
        Directory.Move(PathOf(name), PathOf(Doomed + name));
        reached(SaveStage.SurplusMovedAside);
        TryDeleteFolder(PathOf(Doomed + name));
        reached(SaveStage.SurplusDeleted);
    }

    internal bool HasLeftovers() => Leftovers(New).Concat(Leftovers(Old)).Concat(Leftovers(Doomed)).Any();

    /// <summary>Undoes what a killed save left behind: what was moved aside goes back to its place unless that is
    /// taken.</summary>
    internal void CleanUp()
    {
        foreach (var name in Leftovers(Old))
        {
            if (Directory.Exists(PathOf(name)))
                TryDeleteFolder(PathOf(Old + name));
            else
                Directory.Move(PathOf(Old + name), PathOf(name));
        }

        foreach (var name in Leftovers(New))
            TryDeleteFolder(PathOf(New + name));
        foreach (var name in Leftovers(Doomed))
            TryDeleteFolder(PathOf(Doomed + name));
    }

    /// <summary><see cref="CleanUp"/>, where a failure is no reason to stop: the next save tries again, and says
    /// so.</summary>
    internal void TryCleanUp()
    {
        try
        {
            CleanUp();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Nothing is lost: what lies there keeps its name and is dealt with by the next save.
        }
    }

    /// <summary>The names behind a prefix; folders of that prefix which no save of ours made are left alone.</summary>
    private string[] Leftovers(string prefix) =>
    [
        .. FolderNames().Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
            .Select(name => name[prefix.Length..])
            .Where(CheckpointName.IsValid),
    ];

    private string[] FolderNames() =>
        Directory.Exists(Path) ? [.. new DirectoryInfo(Path).EnumerateDirectories().Select(folder => folder.Name)] : [];

    private static void TryDeleteFolder(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A reader may hold a file open, on Windows. The checkpoint that matters is in place; the next save tries
            // again.
        }
    }
}
