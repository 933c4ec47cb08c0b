namespace Sema.Onnx.Data.Formats;

/// <summary>Checks what <see cref="IDataset.Read"/> is given.</summary>
internal static class SampleArguments
{
    /// <exception cref="ArgumentException">There is no such sample, or a span has another size than its
    /// specification.</exception>
    internal static void Check(IDataset data, int index, ReadOnlySpan<byte> input, ReadOnlySpan<byte> target)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, data.Count);
        if (input.Length != data.Input.ByteCount)
            throw new ArgumentException($"An input of {data.Input} takes {data.Input.ByteCount} bytes, not " +
                $"{input.Length}.", nameof(input));
        if (target.Length != data.Target.ByteCount)
            throw new ArgumentException($"A target of {data.Target} takes {data.Target.ByteCount} bytes, not " +
                $"{target.Length}.", nameof(target));
    }
}
