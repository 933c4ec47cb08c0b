namespace Sema.Onnx.Data.Formats;

/// <summary>A data set held in memory as two arrays.</summary>
internal sealed class MemoryDataset : IDataset
{
    private readonly StoredArray _input;
    private readonly StoredArray _target;

    /// <exception cref="DataException">The arrays do not hold equally many samples.</exception>
    internal MemoryDataset(StoredArray input, StoredArray target)
    {
        if (input.Count != target.Count)
        {
            throw new DataException($"{input.Name} holds {input.Count} samples and {target.Name} holds " +
                $"{target.Count}; " +
                "each input needs one target, so write both from the same samples.");
        }

        (_input, _target) = (input, target);
    }

    public int Count => _input.Count;

    public ArraySpec Input => _input.Sample;

    public ArraySpec Target => _target.Sample;

    public void Read(int index, Span<byte> input, Span<byte> target)
    {
        SampleArguments.Check(this, index, input, target);
        _input.Samples[index].CopyTo(input);
        _target.Samples[index].CopyTo(target);
    }
}
