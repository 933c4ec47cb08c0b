namespace Sema.Onnx.Data.Formats;

/// <summary>Reads a NumPy array: one whose first axis counts samples, or a single number.</summary>
internal static class NpyArray
{
    /// <param name="reader">At the start of the array's file.</param>
    /// <param name="length">The length of that file in bytes, as the archive states it.</param>
    /// <exception cref="DataException">The header is wrong, or what follows it is not exactly what it
    /// announces.</exception>
    internal static StoredArray Read(DataReader reader, long length)
    {
        var header = NpyHeader.Read(reader);
        if (header.Shape.Any(axis => axis is < 1 or > int.MaxValue))
            throw reader.Fail($"an axis of the shape ({string.Join(", ", header.Shape)}) is 0 or beyond " +
                $"{int.MaxValue}; every axis must hold something");

        var isScalar = header.Shape.Length == 0;
        int[] shape = isScalar ? [1] : [.. header.Shape.Select(axis => (int)axis)];
        var sample = reader.Spec(header.Type, shape.AsSpan(1));
        var claimed = (long)shape[0] * sample.ByteCount;
        if (claimed != length - reader.Position)
        {
            throw reader.Fail($"the header announces {shape[0]} samples of {sample}, {claimed} bytes, but " +
                $"{length - reader.Position} follow; " +
                "the file is damaged, write it again");
        }

        var samples = SampleStore.Read(reader, shape[0], sample.ByteCount);
        reader.ExpectEnd();
        return new StoredArray(reader.Name, shape[0], sample, samples) { IsScalar = isScalar };
    }
}
