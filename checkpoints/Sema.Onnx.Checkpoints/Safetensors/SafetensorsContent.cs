using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Sema.Onnx.Checkpoints.Safetensors;

/// <summary>The bytes of a safetensors file: the header composed, the values still where the caller has them.</summary>
internal sealed class SafetensorsContent
{
    private const int Alignment = 8;
    private static readonly JsonWriterOptions WriterOptions =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly byte[] _header;
    private readonly TensorEntry[] _inFileOrder;

    /// <exception cref="ArgumentException">A name occurs twice, the metadata is no Unicode text, or the header passes
    /// its limit.</exception>
    internal SafetensorsContent(IReadOnlyList<TensorEntry> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var names = new HashSet<string>();
        if (tensors.FirstOrDefault(tensor => !names.Add(tensor.Info.Name)) is { } twice)
            throw new ArgumentException(
                $"Two tensors are named {Quote.Text(twice.Info.Name)}: give each a name of its own.",
                nameof(tensors));

        // Wide elements first: every tensor then begins at a multiple of its element's size.
        _inFileOrder =
        [
            .. tensors.OrderByDescending(tensor => tensor.Info.Type.Size())
                .ThenBy(tensor => tensor.Info.Name, StringComparer.Ordinal),
        ];
        var placed = Place(_inFileOrder);
        _header = Header(placed, metadata);
        Length = SafetensorsHeader.LengthBytes + _header.Length + (placed.Count == 0 ? 0 : placed[^1].End);
    }

    /// <summary>The size of the file in bytes.</summary>
    internal long Length { get; }

    /// <summary>Hands over the file's bytes in order, piece by piece.</summary>
    internal void WriteTo(Action<ReadOnlySpan<byte>> write)
    {
        Span<byte> length = stackalloc byte[SafetensorsHeader.LengthBytes];
        BinaryPrimitives.WriteInt64LittleEndian(length, _header.Length);
        write(length);
        write(_header);
        foreach (var tensor in _inFileOrder)
            tensor.WriteTo(write);
    }

    private static List<StoredTensor> Place(TensorEntry[] tensors)
    {
        var placed = new List<StoredTensor>();
        foreach (var tensor in tensors)
            placed.Add(new StoredTensor(tensor.Info, placed.Count == 0 ? 0 : placed[^1].End));
        return placed;
    }

    private static byte[] Header(IReadOnlyList<StoredTensor> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, WriterOptions))
        {
            json.WriteStartObject();
            WriteMetadata(json, metadata);
            foreach (var tensor in tensors.OrderBy(tensor => tensor.Info.Name, StringComparer.Ordinal))
                WriteEntry(json, tensor);
            json.WriteEndObject();
        }

        while ((SafetensorsHeader.LengthBytes + bytes.Length) % Alignment != 0)
            bytes.WriteByte((byte)' ');
        if (bytes.Length > SafetensorsHeader.MaxLength)
            throw new ArgumentException(
                $"The tensors' names and shapes take {bytes.Length} bytes, more than the "
                    + $"{SafetensorsHeader.MaxLength} that the format allows.",
                nameof(tensors));
        return bytes.ToArray();
    }

    private static void WriteMetadata(Utf8JsonWriter json, IReadOnlyDictionary<string, string>? metadata)
    {
        if (metadata is null || metadata.Count == 0)
            return;
        json.WriteStartObject(SafetensorsHeader.MetadataKey);
        foreach (var (key, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (!Quote.IsWellFormed(key) || !Quote.IsWellFormed(value))
                throw new ArgumentException(
                    $"The metadata {Quote.Text(key)} holds half of a surrogate pair, which UTF-8 cannot express.",
                    nameof(metadata));
            json.WriteString(key, value);
        }

        json.WriteEndObject();
    }

    private static void WriteEntry(Utf8JsonWriter json, StoredTensor tensor)
    {
        json.WriteStartObject(tensor.Info.Name);
        json.WriteString("dtype", tensor.Info.Type.Code());
        json.WriteStartArray("shape");
        foreach (var dimension in tensor.Info.Shape)
            json.WriteNumberValue(dimension);
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(tensor.Begin);
        json.WriteNumberValue(tensor.End);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
