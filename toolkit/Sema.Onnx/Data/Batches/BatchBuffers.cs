using System.Collections.Concurrent;

namespace Sema.Onnx.Data.Batches;

/// <summary>The memory of batches, used over and over. Pinned, so that a device can copy from it without pinning it
/// each step.</summary>
/// <param name="inputBytes">The size of each input that varies with the samples.</param>
/// <param name="constants">The inputs that do not; they are filled in once.</param>
/// <param name="targetBytes">The size of the targets.</param>
internal sealed class BatchBuffers(
    IReadOnlyDictionary<string, int> inputBytes, IReadOnlyDictionary<string, byte[]> constants, int targetBytes)
{
    private readonly ConcurrentBag<(IReadOnlyDictionary<string, byte[]> Inputs, byte[] Target)> _free = [];
    private int _allocated;

    /// <summary>Gets how many sets of buffers were ever made.</summary>
    internal int Allocated => _allocated;

    internal (IReadOnlyDictionary<string, byte[]> Inputs, byte[] Target) Rent()
    {
        if (_free.TryTake(out var buffers))
            return buffers;

        Interlocked.Increment(ref _allocated);
        var inputs = new Dictionary<string, byte[]>(constants);
        foreach (var (name, bytes) in inputBytes)
            inputs[name] = GC.AllocateArray<byte>(bytes, pinned: true);
        return (inputs, GC.AllocateArray<byte>(targetBytes, pinned: true));
    }

    internal void Return(IReadOnlyDictionary<string, byte[]> inputs, byte[] target) => _free.Add((inputs, target));
}
