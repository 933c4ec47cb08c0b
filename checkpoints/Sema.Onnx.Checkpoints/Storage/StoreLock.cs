namespace Sema.Onnx.Checkpoints.Storage;

/// <summary>Keeps two savers out of one store. The system frees the lock when its holder dies; the empty file
/// stays.</summary>
internal static class StoreLock
{
    private const string FileName = ".lock";

    /// <summary>Locks, cleans up, acts, and cleans up again if that fails.</summary>
    /// <param name="store">The folder to lock.</param>
    /// <param name="failure">Says what could not be done: the beginning of the message where it fails.</param>
    /// <param name="act">What to do under the lock.</param>
    /// <exception cref="CheckpointException">Another saver holds the lock, or an input or output of the action
    /// failed.</exception>
    internal static void Hold(StoreFolder store, string failure, Action act)
    {
        using var held = Acquire(store.Path);
        try
        {
            store.CleanUp();
            act();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            store.TryCleanUp();
            throw new CheckpointException(
                $"{failure} ({e.Message.TrimEnd('.')}): free space there, or choose another folder.",
                store.Path,
                e);
        }
    }

    /// <summary>Cleans up if there is anything to clean up and nobody else at work.</summary>
    internal static void CleanUpUnlessBusy(StoreFolder store)
    {
        if (!store.HasLeftovers())
            return;
        try
        {
            using var held = Acquire(store.Path);
            store.TryCleanUp();
        }
        catch (CheckpointException)
        {
            // A saver is at work, and what looks left over is its own; or the folder is read-only, and stays as it is.
        }
    }

    private static FileStream Acquire(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            var path = Path.Combine(folder, FileName);
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(
                $"The folder '{folder}' could not be locked for saving ({e.Message.TrimEnd('.')}): "
                    + "wait for the run that saves there to end, or choose another folder.",
                folder,
                e);
        }
    }
}
