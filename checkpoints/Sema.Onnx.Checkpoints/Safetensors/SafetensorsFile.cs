using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Sema.Onnx.Checkpoints.Storage;

namespace Sema.Onnx.Checkpoints.Safetensors;

/// <summary>A safetensors file, opened for reading; values are read from disk when asked for.</summary>
/// <remarks>
/// The file may come from a stranger: the whole header is checked before anything is read or allocated on its word.
/// Members may be called from several threads at once. The format, and where it is stricter than others, is in
/// FORMAT.md.
/// </remarks>
public sealed class SafetensorsFile : IDisposable
{
    private readonly ReadOnlyFile _file;
    private readonly long _dataStart;
    private readonly Dictionary<string, StoredTensor> _tensors;

    private SafetensorsFile(ReadOnlyFile file, long dataStart, SafetensorsHeader header)
    {
        _file = file;
        _dataStart = dataStart;
        _tensors = header.Tensors.ToDictionary(tensor => tensor.Info.Name);
        Metadata = header.Metadata;
        Tensors = [.. header.Tensors.Select(tensor => tensor.Info)];
    }

    /// <summary>The file's path, as it was opened.</summary>
    public string Path => _file.Path;

    /// <summary>The free text that the file holds under <c>__metadata__</c>; empty where it holds none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>What the file says of its tensors, in the order of their values in the file.</summary>
    public IReadOnlyList<TensorInfo> Tensors { get; }

    /// <summary>Opens a file and checks its header.</summary>
    /// <param name="path">The file to read.</param>
    /// <returns>The open file; dispose of it to close it.</returns>
    /// <exception cref="CheckpointException">The file is missing, may not be read, or breaks the format.</exception>
    public static SafetensorsFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Open(new ReadOnlyFile(path));
    }

    /// <summary>Takes over an open file, and closes it if it breaks the format.</summary>
    internal static SafetensorsFile Open(ReadOnlyFile file)
    {
        try
        {
            var json = ReadHeader(file);
            var dataStart = SafetensorsHeader.LengthBytes + json.Length;
            return new SafetensorsFile(file, dataStart, SafetensorsHeader.Parse(json, file.Length - dataStart));
        }
        catch (FormatException e)
        {
            file.Dispose();
            throw new CheckpointException(
                $"'{file.Path}' is not a valid safetensors file: {e.Message}. Fetch or write the file again.",
                file.Path,
                e);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Writes a file: beside the path first, flushed, then renamed over it, so that it is never seen
    /// half-written.</summary>
    /// <param name="path">The file to write; one that exists is replaced.</param>
    /// <param name="tensors">The tensors, each name once. Their order does not matter: the same content gives the same
    /// bytes.</param>
    /// <param name="metadata">Free text to keep under <c>__metadata__</c>; none by default.</param>
    /// <exception cref="ArgumentException">A name occurs twice, the metadata is no well-formed Unicode, or the header
    /// takes more than 100 MB.</exception>
    /// <exception cref="CheckpointException">The file could not be written; one that was there before is
    /// untouched.</exception>
    public static void Write(
        string path,
        IReadOnlyList<TensorEntry> tensors,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(tensors);
        var content = new SafetensorsContent(tensors, metadata);
        FileReplacement.Write(path, stream => content.WriteTo(stream.Write));
    }

    /// <summary>Looks a tensor up by its name.</summary>
    /// <param name="name">The tensor's name, compared character by character.</param>
    /// <param name="info">What the file says of the tensor.</param>
    /// <returns>Whether the file holds a tensor of that name.</returns>
    public bool TryGet(string name, [NotNullWhen(true)] out TensorInfo? info)
    {
        info = _tensors.GetValueOrDefault(name)?.Info;
        return info is not null;
    }

    /// <summary>Reads a tensor's values into memory of the caller's.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="destination">Takes the values, row-major and little-endian; exactly
    /// <see cref="TensorInfo.ByteLength"/> bytes.</param>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    /// <exception cref="CheckpointException">The file holds no such tensor, or became shorter since it was
    /// opened.</exception>
    public void Read(string name, Span<byte> destination)
    {
        var tensor = Find(name);
        if (destination.Length != tensor.Info.ByteLength)
            throw new ArgumentException(
                $"Tensor {tensor.Info} takes {tensor.Info.ByteLength} bytes, but there is room for "
                    + $"{destination.Length}.",
                nameof(destination));
        _file.Read(_dataStart + tensor.Begin, destination);
    }

    /// <summary>Reads some of a tensor's values into memory of the caller's.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="offset">The first byte, counted from the tensor's start.</param>
    /// <param name="destination">Takes the bytes; all of it is filled.</param>
    /// <exception cref="ArgumentOutOfRangeException">The bytes do not lie within the tensor.</exception>
    /// <exception cref="CheckpointException">The file holds no such tensor, or became shorter since it was
    /// opened.</exception>
    public void Read(string name, long offset, Span<byte> destination)
    {
        var tensor = Find(name);
        if (offset < 0 || offset > tensor.Info.ByteLength || destination.Length > tensor.Info.ByteLength - offset)
            throw new ArgumentOutOfRangeException(
                nameof(offset),
                offset,
                $"{destination.Length} bytes from {offset} on do not lie within tensor {tensor.Info}, which takes "
                    + $"{tensor.Info.ByteLength}.");
        _file.Read(_dataStart + tensor.Begin + offset, destination);
    }

    /// <summary>Reads a tensor's values into a new array.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <returns>The values, row-major and little-endian.</returns>
    /// <exception cref="CheckpointException">The file holds no such tensor, it is larger than an array can be, or the
    /// file became shorter.</exception>
    public byte[] Read(string name)
    {
        var info = Find(name).Info;
        if (info.ByteLength > Array.MaxLength)
            throw new CheckpointException(
                $"Tensor {info} of '{Path}' takes {info.ByteLength} bytes, more than one array can hold: split "
                    + "it when it is saved.",
                Path);
        var values = new byte[info.ByteLength];
        Read(name, values);
        return values;
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    private StoredTensor Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _tensors.TryGetValue(name, out var tensor)
            ? tensor
            : throw new CheckpointException(
                $"'{Path}' holds no tensor {Quote.Text(name)} among its {Tensors.Count}: check that it belongs "
                    + "to this model.",
                Path);
    }

    private static byte[] ReadHeader(ReadOnlyFile file)
    {
        if (file.Length < SafetensorsHeader.LengthBytes)
            throw new FormatException(
                $"it has {file.Length} bytes, fewer than the {SafetensorsHeader.LengthBytes} it must begin with");
        Span<byte> prefix = stackalloc byte[SafetensorsHeader.LengthBytes];
        file.Read(0, prefix);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > SafetensorsHeader.MaxLength)
            throw new FormatException(
                $"it claims a header of {length} bytes, more than the {SafetensorsHeader.MaxLength} allowed");
        if ((long)length > file.Length - SafetensorsHeader.LengthBytes)
            throw new FormatException($"it claims a header of {length} bytes, but has only {file.Length} in all");
        var json = new byte[length];
        file.Read(SafetensorsHeader.LengthBytes, json);
        return json;
    }
}
