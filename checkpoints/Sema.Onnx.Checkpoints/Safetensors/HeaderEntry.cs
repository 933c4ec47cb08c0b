using System.Text.Json;

namespace Sema.Onnx.Checkpoints.Safetensors;

/// <summary>
/// One tensor's entry in a header: <c>{"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}</c>.
/// </summary>
internal static class HeaderEntry
{
    /// <exception cref="FormatException">The entry breaks the format; the message is the reason alone, without a full
    /// stop.</exception>
    internal static StoredTensor Read(string name, JsonElement entry)
    {
        if (entry.ValueKind != JsonValueKind.Object
            || entry.EnumerateObject().Count() != 3
            || !entry.TryGetProperty("dtype", out var dtype)
            || !entry.TryGetProperty("shape", out var dimensions)
            || !entry.TryGetProperty("data_offsets", out var offsets))
            throw new FormatException(
                $"the entry of tensor {Quote.Text(name)} does not hold exactly dtype, shape and data_offsets");

        var type = ReadType(name, dtype);
        var shape = ReadNumbers(name, "shape", dimensions);
        var range = ReadNumbers(name, "data_offsets", offsets);
        if (range.Length != 2 || range[0] > range[1])
            throw new FormatException($"data_offsets of tensor {Quote.Text(name)} is not a begin and an end after it");
        if (!type.TryByteLength(shape, out var bytes))
            throw new FormatException(
                $"the shape of tensor {Quote.Text(name)} overflows: [{string.Join(", ", shape.Take(16))}]");
        if (range[1] - range[0] != bytes)
            throw new FormatException(
                $"tensor {Quote.Text(name)} needs {bytes} bytes by its type and shape, but has "
                    + $"{range[1] - range[0]}");
        return new StoredTensor(new TensorInfo(name, type, shape, bytes), range[0]);
    }

    private static TensorType ReadType(string name, JsonElement dtype)
    {
        if (dtype.ValueKind != JsonValueKind.String)
            throw new FormatException($"dtype of tensor {Quote.Text(name)} is not a string");
        return TensorTypes.TryParse(dtype.GetString()!, out var type)
            ? type
            : throw new FormatException(
                $"dtype {Quote.Text(dtype.GetString()!)} of tensor {Quote.Text(name)} is none of "
                    + $"{TensorTypes.Codes}");
    }

    /// <summary>Whole numbers from 0 to 2^63 - 1, written as digits only: -0, 1.0 and 1e3 are refused.</summary>
    private static long[] ReadNumbers(string name, string key, JsonElement array)
    {
        if (array.ValueKind != JsonValueKind.Array)
            throw new FormatException($"{key} of tensor {Quote.Text(name)} is not an array");
        return [.. array.EnumerateArray().Select(item =>
            item.ValueKind == JsonValueKind.Number && item.TryGetUInt64(out var number) && number <= long.MaxValue
                ? (long)number
                : throw new FormatException(
                    $"{key} of tensor {Quote.Text(name)} holds something other than a whole number from 0 to "
                        + "2^63 - 1"))];
    }
}
