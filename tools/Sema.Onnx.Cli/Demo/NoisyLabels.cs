using System.Buffers.Binary;
using Sema.Onnx.Data;

namespace Sema.Onnx.Cli.Demo;

/// <summary>A data set with symmetric label noise: some labels are drawn anew from all classes, the same ones every time.</summary>
/// <param name="data">The clean data; targets are int64 class labels.</param>
/// <param name="share">The share of labels drawn anew, in [0, 1].</param>
/// <param name="classes">The number of classes.</param>
internal sealed class NoisyLabels(IDataset data, double share, int classes) : IDataset
{
    /// <inheritdoc/>
    public int Count => data.Count;

    /// <inheritdoc/>
    public ArraySpec Input => data.Input;

    /// <inheritdoc/>
    public ArraySpec Target => data.Target;

    /// <inheritdoc/>
    public void Read(int index, Span<byte> input, Span<byte> target)
    {
        data.Read(index, input, target);
        var random = Mixed((ulong)index);
        if ((random >> 11) * (1.0 / (1UL << 53)) < share)
            BinaryPrimitives.WriteInt64LittleEndian(target, (long)(Mixed(random) % (ulong)classes));
    }

    // SplitMix64's output function: one index, one number.
    private static ulong Mixed(ulong x)
    {
        x += 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
