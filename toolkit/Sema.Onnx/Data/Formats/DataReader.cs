using System.Buffers.Binary;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data.Formats;

/// <summary>Reads a file, or an entry of an archive, from front to back, and says where it is wrong.</summary>
/// <param name="stream">The uncompressed content.</param>
/// <param name="path">The file.</param>
/// <param name="entry">The name of the array inside the file, where there are several.</param>
/// <param name="checksum">Receives what is read, or <see langword="null"/>.</param>
internal sealed class DataReader(Stream stream, string path, string? entry = null, Crc32? checksum = null)
{
    /// <summary>Gets how many bytes have been read.</summary>
    internal long Position { get; private set; }

    /// <summary>Gets the file, and the array inside it, as messages spell them.</summary>
    internal string Name { get; } = entry is null ? path : $"{path}, array '{entry}'";

    /// <summary>Fills <paramref name="bytes"/>.</summary>
    /// <exception cref="DataException">The content ends before.</exception>
    internal void Read(Span<byte> bytes, string what)
    {
        var read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        Position += read;
        checksum?.Append(bytes[..read]);
        if (read < bytes.Length)
            throw Fail($"it ends inside {what}, {bytes.Length - read} bytes too early; the file was cut short, " +
                "fetch or write it again");
    }

    /// <summary>Reads <paramref name="length"/> bytes; memory grows only as bytes arrive, whatever a header
    /// claims.</summary>
    internal byte[] ReadBlock(int length, string what)
    {
        const int FirstStep = 1 << 20;
        var block = new byte[Math.Min(length, FirstStep)];
        for (var read = 0; ; Array.Resize(ref block, (int)Math.Min(length, 2L * read)))
        {
            Read(block.AsSpan(read), what);
            read = block.Length;
            if (read == length)
                return block;
        }
    }

    /// <summary>Reads a big-endian number of 4 bytes.</summary>
    internal uint ReadUInt32BigEndian(string what)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        Read(bytes, what);
        return BinaryPrimitives.ReadUInt32BigEndian(bytes);
    }

    /// <summary>Refuses content that goes on after its last field.</summary>
    internal void ExpectEnd()
    {
        if (stream.ReadByte() >= 0)
            throw Fail("it goes on after the last sample that its header announces; the header or the file is damaged");
    }

    /// <summary>Describes one sample, or says in which file its shape is impossible.</summary>
    internal ArraySpec Spec(ElementType type, params ReadOnlySpan<int> shape)
    {
        try
        {
            return new ArraySpec(type, shape);
        }
        catch (DataException e)
        {
            throw new DataException($"{Name}: {e.Message}", path, Position, e);
        }
    }

    /// <summary>Makes the error for a fault at <paramref name="offset"/>, by default where reading has come
    /// to.</summary>
    internal DataException Fail(string fault, long? offset = null) =>
        new($"{Name}, byte {offset ?? Position}: {fault}.", path, offset ?? Position);
}
