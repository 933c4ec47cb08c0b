using System.Text.Json;
using System.Text.Unicode;

namespace Sema.Onnx.Checkpoints.Storage;

/// <summary>JSON as RFC 8259 has it: valid UTF-8, one object, no key twice, no comments, bounded depth.</summary>
internal static class StrictJson
{
    internal const int MaxDepth = 64;

    private static readonly JsonDocumentOptions Options =
        new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    /// <summary>Parses an object; the error's message is the reason alone, without a full stop.</summary>
    /// <exception cref="JsonException">The bytes break one of the rules above.</exception>
    internal static JsonDocument ParseObject(ReadOnlyMemory<byte> utf8)
    {
        if (!Utf8.IsValid(utf8.Span))
            throw new JsonException("it is not valid UTF-8");
        if (utf8.IsEmpty || utf8.Span[0] != '{')
            throw new JsonException("it does not begin with '{'");
        try
        {
            CheckEscapes(utf8.Span);
            return JsonDocument.Parse(utf8, Options);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new JsonException(e.Message.TrimEnd('.'), e);
        }
    }

    /// <summary>Reads every escaped string once: half of a surrogate pair is an error here and not wherever the string
    /// is first used.</summary>
    private static void CheckEscapes(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = MaxDepth });
        while (reader.Read())
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped)
                reader.GetString();
    }
}
