using System.Collections.Concurrent;

namespace Sema.Onnx.Data.Batches;

/// <summary>The memory of batches, used over and over. Pinned, so that a device can copy from it without pinning it
/// each step.</summary>
internal sealed class BatchBuffers(int inputBytes, int targetBytes)
{
    private readonly ConcurrentBag<(byte[] Input, byte[] Target)> _free = [];
    private int _allocated;

    /// <summary>Gets how many pairs of buffers were ever made.</summary>
    internal int Allocated => _allocated;

    internal (byte[] Input, byte[] Target) Rent()
    {
        if (_free.TryTake(out var buffers))
            return buffers;

        Interlocked.Increment(ref _allocated);
        return (GC.AllocateArray<byte>(inputBytes, pinned: true), GC.AllocateArray<byte>(targetBytes, pinned: true));
    }

    internal void Return(byte[] input, byte[] target) => _free.Add((input, target));
}
