using Microsoft.Win32.SafeHandles;

namespace Sema.Onnx.Graphs.Patching;

/// <summary>Replaces a stretch of a file by the <paramref name="Parts"/>, one after the other.</summary>
internal readonly record struct Splice(long Offset, long Length, params ReadOnlyMemory<byte>[] Parts)
{
    /// <summary>Copies a file with its splices, which come in file order and do not overlap.</summary>
    public static void Copy(SafeFileHandle source, IEnumerable<Splice> splices, Stream destination)
    {
        var buffer = new byte[1 << 20];
        var at = 0L;
        foreach (var splice in splices)
        {
            CopyUntil(splice.Offset);
            foreach (var part in splice.Parts)
                destination.Write(part.Span);
            at += splice.Length;
        }
        CopyUntil(RandomAccess.GetLength(source));

        void CopyUntil(long end)
        {
            while (at < end)
            {
                var read = RandomAccess.Read(source, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - at)), at);
                if (read == 0)
                    throw new EndOfStreamException("A file of the model became shorter while it was read; stop who writes to it.");
                destination.Write(buffer, 0, read);
                at += read;
            }
        }
    }
}
