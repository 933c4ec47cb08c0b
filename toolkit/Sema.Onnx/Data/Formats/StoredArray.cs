using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data.Formats;

/// <summary>An array whose first axis counts samples.</summary>
/// <param name="Name">The file, and the array inside it, as messages spell them.</param>
/// <param name="Count">The number of samples.</param>
/// <param name="Sample">The type and shape of one.</param>
/// <param name="Samples">Their bytes.</param>
internal sealed record StoredArray(string Name, int Count, ArraySpec Sample, SampleStore Samples)
{
    /// <summary>Gets whether the array is a single number, without an axis of samples.</summary>
    internal bool IsScalar { get; init; }

    /// <summary>Gets the sizes of all axes, the samples' first.</summary>
    internal long[] Shape => IsScalar ? [] : [Count, .. Sample.Shape.Select(size => (long)size)];

    /// <summary>Gets the type and shape of the whole array.</summary>
    /// <exception cref="DataException">It holds 2 GiB or more.</exception>
    internal ArraySpec Whole => IsScalar ? Sample : new(Sample.Type, [Count, .. Sample.Shape]);

    /// <summary>Gets the elements of the whole array, row-major.</summary>
    /// <exception cref="DataException">They take 2 GiB or more.</exception>
    internal byte[] ToBytes()
    {
        var bytes = new byte[Whole.ByteCount];
        for (var i = 0; i < Count; i++)
            Samples[i].CopyTo(bytes.AsSpan(i * Sample.ByteCount));
        return bytes;
    }

    /// <summary>Gets all elements as float64.</summary>
    /// <exception cref="DataException">The elements are no floats.</exception>
    internal double[] ToFloat64()
    {
        if (!Sample.Type.IsFloat())
            throw new DataException($"{Name} holds {Sample.Type.Name()}; floats are needed.");
        return [.. Enumerable.Range(0, Count).SelectMany(i => new Tensor(Sample.Type, [Sample.ElementCount], Samples[i].ToArray()).ToFloat64())];
    }
}
