using Microsoft.Win32.SafeHandles;

namespace Sema.Onnx.Checkpoints.Storage;

/// <summary>A file opened for reading at any offset, from any thread; its failures are
/// <see cref="CheckpointException"/>s.</summary>
internal sealed class ReadOnlyFile : IDisposable
{
    private const int ChunkLength = 1 << 20;

    private readonly SafeFileHandle _handle;

    internal ReadOnlyFile(string path)
    {
        Path = path;
        try
        {
            _handle = File.OpenHandle(path, share: FileShare.Read | FileShare.Delete);
            Length = RandomAccess.GetLength(_handle);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CheckpointException(
                $"'{path}' does not exist: check the path, or whether the file was moved or deleted.",
                path,
                e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new CheckpointException(
                $"'{path}' could not be opened ({e.Message.TrimEnd('.')}): check that it is a file and may be "
                    + "read.",
                path,
                e);
        }
    }

    internal string Path { get; }

    internal long Length { get; }

    /// <summary>Fills the span from the offset on; the caller has checked both against <see cref="Length"/>.</summary>
    internal void Read(long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            var read = RandomAccess.Read(_handle, destination, offset);
            if (read == 0)
                throw new CheckpointException(
                    $"'{Path}' became shorter while it was read: let whatever writes it finish, then try again.",
                    Path);
            offset += read;
            destination = destination[read..];
        }
    }

    /// <summary>Hands over the file's bytes in order, piece by piece.</summary>
    internal void ReadAll(Action<ReadOnlySpan<byte>> read)
    {
        var chunk = new byte[Math.Min(ChunkLength, Length)];
        for (long offset = 0; offset < Length; offset += chunk.Length)
        {
            var part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, Length - offset));
            Read(offset, part);
            read(part);
        }
    }

    public void Dispose() => _handle.Dispose();
}
