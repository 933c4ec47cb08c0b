using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sema.Onnx.Checkpoints.Storage;

/// <summary>The content of <c>state.json</c>: what is no tensor, the digest of the tensors' file, and its own (see
/// FORMAT.md).</summary>
internal sealed record StateFile(long Step, long TensorsLength, string TensorsDigest, JsonObject State)
{
    internal const int Version = 1;
    internal const int MaxLength = 100_000_000;

    private const string Format = "sema-onnx-checkpoint";
    private const string TailStart = ",\n  \"sha256\": \"";
    private const string TailEnd = "\"\n}\n";
    private static readonly int TailLength = TailStart.Length + Digest.Length + TailEnd.Length;

    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Indented = true,
        MaxDepth = StrictJson.MaxDepth,
        NewLine = "\n",
    };

    /// <exception cref="ArgumentException">The state has no form in JSON within the format's limits.</exception>
    internal byte[] ToBytes()
    {
        var bytes = new MemoryStream();
        try
        {
            using (var json = new Utf8JsonWriter(bytes, WriterOptions))
                Write(json);

            // Read back, so that nothing is saved that cannot be loaded: two keys, say, that UTF-8 makes the same.
            StrictJson.ParseObject(bytes.ToArray()).Dispose();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException
            or NotSupportedException or JsonException)
        {
            throw new ArgumentException(
                $"The checkpoint's state cannot be written as JSON ({e.Message.TrimEnd('.')}): keep plain, "
                    + $"finite values in it, at most {StrictJson.MaxDepth - 4} deep.",
                e);
        }

        // The closing "\n}" gives way to the tail, which holds the digest of all before it.
        bytes.SetLength(bytes.Length - "\n}".Length);
        var tail = Tail(bytes.ToArray());
        bytes.Seek(0, SeekOrigin.End);
        bytes.Write(tail);
        return bytes.Length <= MaxLength
            ? bytes.ToArray()
            : throw new ArgumentException(
                $"The checkpoint's state takes {bytes.Length} bytes as JSON, more than the {MaxLength} allowed: "
                    + "save large values as tensors.");
    }

    /// <exception cref="FormatException">The bytes are no such file, or were changed; the message is the reason alone,
    /// without a full stop.</exception>
    internal static StateFile Parse(ReadOnlyMemory<byte> bytes)
    {
        CheckDigest(bytes.Span);
        try
        {
            using var document = StrictJson.ParseObject(bytes);
            return Read(document.RootElement);
        }
        catch (JsonException e)
        {
            throw new FormatException($"it is not strict JSON ({e.Message})", e);
        }
    }

    private void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("format", Format);
        json.WriteNumber("version", Version);
        json.WriteNumber("step", Step);
        json.WriteStartObject("tensors");
        json.WriteNumber("length", TensorsLength);
        json.WriteString("sha256", TensorsDigest);
        json.WriteEndObject();
        json.WritePropertyName("state");
        State.WriteTo(json);
        json.WriteEndObject();
    }

    private static byte[] Tail(ReadOnlySpan<byte> body) =>
        Encoding.ASCII.GetBytes(TailStart + Digest.Of(body) + TailEnd);

    private static void CheckDigest(ReadOnlySpan<byte> bytes)
    {
        var body = bytes[..Math.Max(0, bytes.Length - TailLength)];
        if (bytes.Length < TailLength || !bytes[body.Length..].SequenceEqual(Tail(body)))
            throw new FormatException(
                "its content and the digest at its end do not agree, so it was changed, cut short, or written "
                    + "by another program");
    }

    private static StateFile Read(JsonElement root)
    {
        if (Text(root, "format") is var format && format != Format)
            throw new FormatException($"its format is {Quote.Text(format)}, not '{Format}'");
        if (Number(root, "version") is var version && version != Version)
            throw new FormatException(
                $"it has version {version} of the format, and this program reads version {Version}: use the "
                    + "version of Sema.Onnx that wrote it");
        var tensors = Member(root, "tensors", JsonValueKind.Object);
        return new StateFile(
            Number(root, "step"),
            Number(tensors, "length"),
            Text(tensors, "sha256"),
            JsonObject.Create(Member(root, "state", JsonValueKind.Object).Clone())!);
    }

    private static JsonElement Member(JsonElement parent, string key, JsonValueKind kind) =>
        parent.TryGetProperty(key, out var value) && value.ValueKind == kind
            ? value
            : throw new FormatException(
                $"it holds no member {key} that is "
                    + $"{(kind == JsonValueKind.Object ? "an object" : $"a {kind.ToString().ToLowerInvariant()}")}");

    private static string Text(JsonElement parent, string key) =>
        Member(parent, key, JsonValueKind.String).GetString()!;

    private static long Number(JsonElement parent, string key) =>
        Member(parent, key, JsonValueKind.Number).TryGetInt64(out var number) && number >= 0
            ? number
            : throw new FormatException($"its {key} is not a whole number from 0 to 2^63 - 1");
}
