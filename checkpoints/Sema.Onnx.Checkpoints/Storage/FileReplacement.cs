namespace Sema.Onnx.Checkpoints.Storage;

/// <summary>Writes a file that is either whole or not there.</summary>
internal static class FileReplacement
{
    private const int BufferLength = 1 << 20;

    /// <summary>Writes beside the path, flushes to disk, renames over it; a failure leaves what was there
    /// before.</summary>
    internal static void Write(string path, Action<Stream> write)
    {
        var beside = path + ".new";
        try
        {
            WriteDurably(beside, write);
            File.Move(beside, path, overwrite: true);
            DirectorySync.TryFlush(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            TryDelete(beside);
            throw new CheckpointException(
                $"'{path}' could not be written ({e.Message.TrimEnd('.')}): free space there, or choose another "
                    + "place.",
                path,
                e);
        }
    }

    /// <summary>Writes a new file, or over an old one, and returns once the disk has it.</summary>
    internal static void WriteDurably(string path, Action<Stream> write)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, BufferLength);
        write(file);
        file.Flush(flushToDisk: true);
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The failure to write is the one to report; the next write goes over the rest.
        }
    }
}
