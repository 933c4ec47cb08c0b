using Sema.Onnx.Graphs.Patching;

namespace Sema.Onnx.Graphs.Serialization;

/// <summary>Reads a large model file without its large tensors: each becomes external data, whose data file is the model file itself.</summary>
/// <remarks>So a model of 2 GB takes the memory of its graph, and one code path serves both kinds of files.</remarks>
internal static class ModelSkeleton
{
    /// <summary>Files from this many bytes on are read so; smaller ones are read whole, which is quicker.</summary>
    internal const long LargeFile = 1 << 25;

    /// <summary>Reads a model file.</summary>
    /// <param name="path">The file, at most 2 GiB.</param>
    /// <returns>A model that names its own file, by <see cref="ExternalData.Self"/>, as the place of its large tensors.</returns>
    /// <exception cref="ModelPatchException">The file is malformed.</exception>
    internal static byte[] Read(string path)
    {
        using var file = File.OpenHandle(path);
        var reader = new WireReader(file);
        var edits = new WireEdits();
        foreach (var tensor in new ModelIndex(reader).Tensors)
        {
            // Of several raw fields the last one counts; no exporter writes several.
            if (reader.Messages(tensor, TensorField.RawData).ToList() is [{ Place: { Length: > Tensor.KeptBytes } raw }])
                edits.ReplaceFields(tensor, [raw], Entry(ExternalData.Self, 1), Entry("offset", raw.Start), Entry("length", raw.Length), External);
        }

        using var skeleton = new MemoryStream();
        Splice.Copy(file, edits.Finish().Splices, skeleton);
        return skeleton.ToArray();
    }

    private static ReadOnlyMemory<byte> External => new WireWriter().Integer(TensorField.DataLocation, 1).Written;

    private static ReadOnlyMemory<byte> Entry(string key, long number) => new WireWriter().Bytes(
        TensorField.ExternalData, new WireWriter().String(1, key).String(2, number.ToString(System.Globalization.CultureInfo.InvariantCulture)).Written).Written;
}
