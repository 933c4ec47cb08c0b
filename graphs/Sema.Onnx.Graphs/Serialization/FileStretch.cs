using Microsoft.Win32.SafeHandles;

namespace Sema.Onnx.Graphs.Serialization;

/// <summary>A stretch of a file that was checked to lie within it; its bytes are read when they are asked for.</summary>
/// <remarks>Read and not mapped: a mapped file that another program cuts short kills the process, a read is an error one can tell.</remarks>
/// <param name="Folder">The model's folder.</param>
/// <param name="Location">The file's path within it.</param>
/// <param name="Offset">The first byte.</param>
/// <param name="Length">The number of bytes.</param>
internal sealed record FileStretch(string Folder, string Location, long Offset, long Length)
{
    private const int PieceBytes = 1 << 20;

    private string Path => System.IO.Path.Combine(Folder, Location);

    /// <summary>Gets the number of bytes in a file; of a link, in what it leads to.</summary>
    internal static long LengthOf(string path)
    {
        using var file = File.OpenHandle(path, share: FileShare.Read | FileShare.Delete);
        return RandomAccess.GetLength(file);
    }

    /// <summary>Reads bytes of the stretch.</summary>
    /// <param name="from">The first, counted from the start of the stretch.</param>
    /// <param name="destination">Where to; all of it is filled.</param>
    /// <exception cref="InvalidModelException">The file became shorter.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    internal void Read(long from, Span<byte> destination)
    {
        using var file = File.OpenHandle(Path, share: FileShare.Read | FileShare.Delete);
        Fill(file, from, destination);
    }

    /// <summary>Hands over the bytes in order, a piece at a time.</summary>
    /// <param name="read">Told whether to go on by what it returns.</param>
    /// <inheritdoc cref="Read" path="/exception"/>
    internal void ReadPieces(Func<ReadOnlySpan<byte>, bool> read)
    {
        using var file = File.OpenHandle(Path, share: FileShare.Read | FileShare.Delete);
        var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent((int)Math.Min(PieceBytes, Length));
        try
        {
            var more = true;
            for (long done = 0; more && done < Length;)
            {
                var piece = buffer.AsSpan(0, (int)Math.Min(PieceBytes, Length - done));
                Fill(file, done, piece);
                more = read(piece);
                done += piece.Length;
            }
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Fill(SafeFileHandle file, long from, Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            var read = RandomAccess.Read(file, destination, Offset + from);
            if (read == 0)
                throw new InvalidModelException($"The file '{Path}' became shorter while the model was in use; put the complete file back, and let nothing write to it.");
            from += read;
            destination = destination[read..];
        }
    }
}
