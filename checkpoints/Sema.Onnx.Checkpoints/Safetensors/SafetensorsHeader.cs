using System.Text.Json;
using Sema.Onnx.Checkpoints.Storage;

namespace Sema.Onnx.Checkpoints.Safetensors;

/// <summary>A safetensors header, parsed and checked against the length of the data that follows it (see
/// FORMAT.md).</summary>
internal sealed class SafetensorsHeader
{
    internal const string MetadataKey = "__metadata__";
    internal const int LengthBytes = 8;
    internal const int MaxLength = 100_000_000;

    private SafetensorsHeader(IReadOnlyDictionary<string, string> metadata, IReadOnlyList<StoredTensor> tensors)
    {
        Metadata = metadata;
        Tensors = tensors;
    }

    internal IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>In the order of their values in the file; empty ones at the same place in the header's order.</summary>
    internal IReadOnlyList<StoredTensor> Tensors { get; }

    /// <exception cref="FormatException">The header breaks the format; the message is the reason alone, without a full
    /// stop.</exception>
    internal static SafetensorsHeader Parse(ReadOnlyMemory<byte> json, long dataLength)
    {
        using var document = ParseJson(json);
        var metadata = new Dictionary<string, string>();
        var tensors = new List<StoredTensor>();
        foreach (var member in document.RootElement.EnumerateObject())
        {
            if (member.Name == MetadataKey)
                ReadMetadata(member.Value, metadata);
            else
                tensors.Add(HeaderEntry.Read(member.Name, member.Value));
        }

        StoredTensor[] inFileOrder = [.. tensors.OrderBy(tensor => tensor.Begin).ThenBy(tensor => tensor.End)];
        CheckTiling(inFileOrder, dataLength);
        return new SafetensorsHeader(metadata, inFileOrder);
    }

    private static JsonDocument ParseJson(ReadOnlyMemory<byte> json)
    {
        try
        {
            return StrictJson.ParseObject(json);
        }
        catch (JsonException e)
        {
            throw new FormatException($"the header is not strict JSON ({e.Message})", e);
        }
    }

    private static void ReadMetadata(JsonElement value, Dictionary<string, string> metadata)
    {
        if (value.ValueKind != JsonValueKind.Object)
            throw new FormatException($"{MetadataKey} is not an object");
        foreach (var member in value.EnumerateObject())
            metadata[member.Name] = member.Value.ValueKind == JsonValueKind.String
                ? member.Value.GetString()!
                : throw new FormatException($"{MetadataKey} holds {Quote.Text(member.Name)}, which is not a string");
    }

    /// <summary>The tensors' bytes, in order, must cover the data exactly: no hole, no overlap, nothing left
    /// over.</summary>
    private static void CheckTiling(StoredTensor[] tensors, long dataLength)
    {
        long covered = 0;
        foreach (var tensor in tensors)
        {
            if (tensor.Begin != covered)
                throw new FormatException(
                    $"tensor {Quote.Text(tensor.Info.Name)} begins at byte {tensor.Begin} of the data, where "
                        + $"{covered} is due");
            covered = tensor.End;
        }

        if (covered != dataLength)
            throw new FormatException($"the tensors take {covered} bytes, but {dataLength} follow the header");
    }
}
