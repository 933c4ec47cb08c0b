using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Inspection;

/// <summary>One axis of a shape as a model declares it; in JSON its size, its symbol, or null.</summary>
/// <param name="Size">The size, or <see langword="null"/> where it is free.</param>
/// <param name="Symbol">The name of a free axis, such as <c>batch</c>, where the model gives one.</param>
[JsonConverter(typeof(AxisConverter))]
public readonly record struct Axis(long? Size, string? Symbol)
{
    /// <inheritdoc/>
    public override string ToString() => Size?.ToString(CultureInfo.InvariantCulture) ?? Symbol ?? "?";

    internal static IReadOnlyList<Axis>? Of(Shape? shape) =>
        shape is null ? null : [.. shape.Select(d => d.IsKnown ? new Axis(d.Size, null) : new Axis(null, d.Symbol))];
}

internal sealed class AxisConverter : JsonConverter<Axis>
{
    public override Axis Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Number => new(reader.GetInt64(), null),
        JsonTokenType.String => new(null, reader.GetString()),
        _ => default,
    };

    public override void Write(Utf8JsonWriter writer, Axis value, JsonSerializerOptions options)
    {
        if (value.Size is { } size)
            writer.WriteNumberValue(size);
        else
            writer.WriteStringValue(value.Symbol);
    }
}
