namespace Sema.Onnx.Data.Formats;

/// <summary>Samples of one size in memory, in blocks, so that they may exceed the 2 GiB of one array.</summary>
internal sealed class SampleStore
{
    private const int BlockBytes = 16 << 20;

    private readonly byte[][] _blocks;
    private readonly int _samplesPerBlock;
    private readonly int _sampleBytes;

    private SampleStore(byte[][] blocks, int samplesPerBlock, int sampleBytes) =>
        (_blocks, _samplesPerBlock, _sampleBytes) = (blocks, samplesPerBlock, sampleBytes);

    /// <summary>Takes samples that lie one after another in <paramref name="bytes"/>.</summary>
    internal static SampleStore Over(byte[] bytes, int sampleBytes) =>
        new([bytes], bytes.Length / sampleBytes, sampleBytes);

    /// <summary>Reads <paramref name="count"/> samples.</summary>
    /// <exception cref="DataException">The file ends before, or the samples exceed the memory of this
    /// machine.</exception>
    internal static SampleStore Read(DataReader reader, int count, int sampleBytes)
    {
        var total = (long)count * sampleBytes;
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (total > memory)
            throw reader.Fail($"{count} samples of {sampleBytes} bytes need {total} bytes of memory and this " +
                $"process may use {memory}; split the set");

        var perBlock = Math.Max(1, BlockBytes / sampleBytes);
        var blocks = new List<byte[]>();
        for (var first = 0; first < count; first += perBlock)
            blocks.Add(reader.ReadBlock(Math.Min(perBlock, count - first) * sampleBytes, $"sample {first} and those " +
                "after it"));
        return new SampleStore([.. blocks], perBlock, sampleBytes);
    }

    /// <summary>Gets the bytes of one sample.</summary>
    internal ReadOnlySpan<byte> this[int index]
    {
        get
        {
            var (block, position) = Math.DivRem(index, _samplesPerBlock);
            return _blocks[block].AsSpan(position * _sampleBytes, _sampleBytes);
        }
    }
}
