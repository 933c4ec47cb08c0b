using System.Globalization;

namespace Sema.Onnx.Graphs.Patching;

/// <summary>The tensors with data outside the model file, each a stretch of one of the <see cref="Files"/>.</summary>
internal sealed class ExternalData
{
    private readonly WireReader _reader;
    private readonly Dictionary<string, DataFile> _files = [];
    private readonly Dictionary<WireMessage, Extent> _extents = [];

    /// <exception cref="ModelPatchException">A location leads out of its folder, or a stretch out of its file.</exception>
    public ExternalData(
        WireReader reader, IEnumerable<WireMessage> tensors, string sourceFolder, string destinationFolder)
    {
        _reader = reader;
        foreach (var tensor in tensors)
            _extents.Add(tensor, Find(tensor, sourceFolder, destinationFolder));
    }

    /// <summary>Gets the data files, each once, whether changed or not.</summary>
    public IReadOnlyCollection<DataFile> Files => _files.Values;

    public bool Holds(WireMessage tensor) => _extents.ContainsKey(tensor);

    /// <summary>
    /// Writes a tensor's data over the old; after the end of its file where the size changes or another tensor shares
    /// the old.
    /// </summary>
    public void Write(string name, WireMessage tensor, ReadOnlyMemory<byte> data, WireEdits edits)
    {
        var extent = _extents[tensor];
        if (extent.File.HasChecksum)
            throw new ModelPatchException(
                $"The model keeps a checksum of the data file '{extent.File.Source}', "
                + $"which new values of tensor '{name}' would falsify; remove the checksums from the model.", name);
        if (extent.Length == data.Length && !_extents.Values.Any(extent.Overlaps))
        {
            extent.File.Overwrite(extent.Offset, data);
            return;
        }
        SetEntry(tensor, "offset", extent.File.Append(data), edits);
        SetEntry(tensor, "length", data.Length, edits);
    }

    private Extent Find(WireMessage tensor, string sourceFolder, string destinationFolder)
    {
        var name = _reader.String(tensor, TensorField.Name);
        var source = ContainedPath.Combine(sourceFolder, Entry(tensor, "location") ?? "");
        if (!_files.TryGetValue(source, out var file))
        {
            if (!File.Exists(source))
                throw new ModelPatchException(
                    $"The data file '{source}' of tensor '{name}' is missing; put it beside the model.", name);
            var location = Path.GetRelativePath(sourceFolder, source).Replace(Path.DirectorySeparatorChar, '/');
            file = new(ContainedPath.Real(source), ContainedPath.Combine(destinationFolder, location));
            _files.Add(source, file);
        }
        file.HasChecksum |= Entry(tensor, "checksum") is not null;

        var offset = Number(name, "offset", Entry(tensor, "offset")) ?? 0;
        var dims = _reader.Integers(_reader.Fields(tensor).Where(f => f.Number == TensorField.Dims));
        var length = Number(name, "length", Entry(tensor, "length"))
            ?? TensorEncoding.Find(_reader.Integer(tensor, TensorField.DataType))?.ByteCount(dims)
            ?? Int128.Max(0, file.Size - offset);
        if (length < 0 || offset + length > file.Size)
            throw new ModelPatchException(
                $"Tensor '{name}' claims {length} bytes at {offset} of the data file '{source}', which has {file.Size}; "
                + "is the file complete?", name);
        return new(file, (long)offset, (long)length);
    }

    private string? Entry(WireMessage tensor, string key) =>
        EntryMessage(tensor, key) is { } entry ? _reader.String(entry, 2) : null;

    private WireMessage? EntryMessage(WireMessage tensor, string key) =>
        _reader.Messages(tensor, TensorField.ExternalData).LastOrDefault(entry => _reader.String(entry, 1) == key);

    private void SetEntry(WireMessage tensor, string key, long number, WireEdits edits)
    {
        var text = number.ToString(CultureInfo.InvariantCulture);
        if (EntryMessage(tensor, key) is { } entry)
        {
            var values = _reader.Fields(entry).Where(f => f.Number == 2).ToList();
            edits.ReplaceFields(entry, values, new WireWriter().String(2, text).Written);
        }
        else
        {
            var added = new WireWriter().String(1, key).String(2, text).Written;
            edits.ReplaceFields(tensor, [], new WireWriter().Bytes(TensorField.ExternalData, added).Written);
        }
    }

    private static Int128? Number(string name, string key, string? text) =>
        text is null ? null
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : throw new ModelPatchException(
            $"The external data of tensor '{name}' has the {key} '{text}', which is no number of bytes; "
            + "is the file damaged?", name);

    private sealed record Extent(DataFile File, long Offset, long Length)
    {
        public bool Overlaps(Extent other) =>
            !ReferenceEquals(this, other) && File == other.File
            && long.Max(Offset, other.Offset) < long.Min(Offset + Length, other.Offset + other.Length);
    }
}
