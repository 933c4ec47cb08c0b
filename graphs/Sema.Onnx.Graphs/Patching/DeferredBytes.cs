using System.Buffers;

namespace Sema.Onnx.Graphs.Patching;

/// <summary>Bytes that are made when they are read, and made again when they are read much later: a patch of a large model holds none of them.</summary>
/// <param name="length">How many there are.</param>
/// <param name="make">Makes them; the same each time.</param>
internal sealed class DeferredBytes(int length, Func<ReadOnlyMemory<byte>> make) : MemoryManager<byte>
{
    // Kept while nothing else needs the memory: who reads element by element does not make them for each.
    private readonly WeakReference<Box> _last = new(null!);

    /// <summary>Makes a memory of bytes that are not there yet.</summary>
    internal static ReadOnlyMemory<byte> Of(int length, Func<ReadOnlyMemory<byte>> make) => new DeferredBytes(length, make).Memory;

    /// <inheritdoc/>
    public override Memory<byte> Memory => CreateMemory(length);

    /// <inheritdoc/>
    public override Span<byte> GetSpan()
    {
        if (!_last.TryGetTarget(out var box))
            _last.SetTarget(box = new(System.Runtime.InteropServices.MemoryMarshal.AsMemory(make())));
        return box.Bytes.Span;
    }

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException("Bytes that are made anew have no address to keep.");

    /// <inheritdoc/>
    public override void Unpin()
    {
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
    }

    private sealed record Box(Memory<byte> Bytes);
}
