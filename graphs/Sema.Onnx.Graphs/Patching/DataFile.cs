namespace Sema.Onnx.Graphs.Patching;

/// <summary>A file that holds tensors' data beside the model, and its changes.</summary>
internal sealed class DataFile(string source, string destination)
{
    private const int Alignment = 4096;

    private readonly List<Splice> _splices = [];
    private long _growth;

    public string Source => source;

    public string Destination => destination;

    /// <summary>Gets the size in bytes before the changes.</summary>
    public long Size { get; } = new FileInfo(source).Length;

    /// <summary>Gets or sets whether a tensor names a checksum of the file.</summary>
    public bool HasChecksum { get; set; }

    /// <summary>Gets the changes in file order.</summary>
    public IEnumerable<Splice> Splices => _splices.OrderBy(s => s.Offset);

    public void Overwrite(long offset, ReadOnlyMemory<byte> data) => _splices.Add(new(offset, data.Length, data));

    /// <summary>Adds the data after the end, at the next multiple of 4096.</summary>
    /// <returns>Where it begins.</returns>
    public long Append(ReadOnlyMemory<byte> data)
    {
        var end = Size + _growth;
        var padding = (Alignment - (end % Alignment)) % Alignment;
        _splices.Add(new(Size, 0, new byte[padding], data));
        _growth += padding + data.Length;
        return end + padding;
    }
}
