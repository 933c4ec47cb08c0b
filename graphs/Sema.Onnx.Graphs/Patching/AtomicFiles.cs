namespace Sema.Onnx.Graphs.Patching;

/// <summary>Files that appear only when all are complete: written beside their places, flushed to disk, then renamed.</summary>
internal sealed class AtomicFiles : IDisposable
{
    private readonly Queue<(string Temporary, string Path)> _files = new();

    public void Write(string path, Action<Stream> write)
    {
        var folder = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(folder);
        var temporary = Path.Combine(folder, $".{Guid.NewGuid():N}.tmp");
        _files.Enqueue((temporary, path));
        using var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write);
        write(stream);
        stream.Flush(flushToDisk: true);
    }

    /// <summary>Renames all files into place, in the order in which they were written.</summary>
    public void Commit()
    {
        while (_files.TryPeek(out var file))
        {
            File.Move(file.Temporary, file.Path, overwrite: true);
            _files.Dequeue();
        }
    }

    /// <summary>Deletes what was not renamed.</summary>
    public void Dispose()
    {
        foreach (var (temporary, _) in _files)
            File.Delete(temporary);
    }
}
