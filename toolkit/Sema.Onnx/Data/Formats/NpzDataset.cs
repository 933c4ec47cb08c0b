namespace Sema.Onnx.Data.Formats;

/// <summary>The arrays of a NumPy archive: <c>target</c>, and <c>input</c> or one for each of the model's inputs. An array is read when it is
/// asked for.</summary>
/// <param name="path">The file.</param>
/// <param name="arrays">Its arrays but the target.</param>
/// <param name="target">The targets, whose number is that of the samples.</param>
/// <param name="shared">Where arrays that all samples share are looked for when the file lacks them.</param>
internal sealed class NpzDataset(string path, IReadOnlyDictionary<string, Lazy<StoredArray>> arrays, StoredArray target, IDataset? shared) : IDataset
{
    internal const string InputName = "input";

    public int Count => target.Count;

    public ArraySpec Input => Own.Sample;

    public ArraySpec Target => target.Sample;

    public IReadOnlyList<string> Arrays { get; } = [.. arrays.Keys];

    private StoredArray Own => arrays.TryGetValue(InputName, out var input)
        ? Sampled(input.Value)
        : throw new DataException($"{path} holds no array '{InputName}', only {string.Join(", ", arrays.Keys.Append("target").Select(n => $"'{n}'"))}; " +
            "write it with numpy.savez(path, input=..., target=...).", path);

    public InputArray? Find(string name)
    {
        if (!arrays.TryGetValue(name, out var found))
            return shared?.Find(name) as SharedArray;
        var array = found.Value;
        return array.IsScalar || array.Count != Count
            ? new SharedArray(array.Whole, array.ToBytes())
            : new SampledArray(array.Sample, (index, sample) => array.Samples[index].CopyTo(sample));
    }

    public void Read(int index, Span<byte> input, Span<byte> result)
    {
        if (input.Length > 0)
        {
            SampleArguments.Check(this, index, input, result);
            Own.Samples[index].CopyTo(input);
        }

        target.Samples[index].CopyTo(result);
    }

    /// <summary>Checks that an array counts the samples.</summary>
    /// <exception cref="DataException">It does not.</exception>
    internal StoredArray Sampled(StoredArray array) => array switch
    {
        { IsScalar: true } => throw new DataException($"{array.Name}: the array is a single number; its first axis must count the samples.", path),
        _ when array.Count != Count => throw new DataException($"{array.Name} holds {array.Count} samples and {target.Name} holds {Count}; "
            + "each input needs one target, so write both from the same samples.", path),
        _ => array,
    };
}
