namespace Sema.Onnx.Checkpoints;

/// <summary>The table of element types: safetensors' name and size in bytes of each.</summary>
internal static class TensorTypes
{
    private static readonly Dictionary<TensorType, (string Code, int Size)> Table = new()
    {
        [TensorType.Bool] = ("BOOL", 1),
        [TensorType.UInt8] = ("U8", 1),
        [TensorType.Int8] = ("I8", 1),
        [TensorType.Float8E5M2] = ("F8_E5M2", 1),
        [TensorType.Float8E4M3] = ("F8_E4M3", 1),
        [TensorType.Float8E8M0] = ("F8_E8M0", 1),
        [TensorType.Int16] = ("I16", 2),
        [TensorType.UInt16] = ("U16", 2),
        [TensorType.Float16] = ("F16", 2),
        [TensorType.BFloat16] = ("BF16", 2),
        [TensorType.Int32] = ("I32", 4),
        [TensorType.UInt32] = ("U32", 4),
        [TensorType.Float32] = ("F32", 4),
        [TensorType.Complex64] = ("C64", 8),
        [TensorType.Float64] = ("F64", 8),
        [TensorType.Int64] = ("I64", 8),
        [TensorType.UInt64] = ("U64", 8),
    };

    private static readonly Dictionary<string, TensorType> ByCode =
        Table.ToDictionary(row => row.Value.Code, row => row.Key);

    internal static string Codes { get; } = string.Join(", ", Table.Values.Select(row => row.Code));

    internal static string Code(this TensorType type) => Table[type].Code;

    internal static int Size(this TensorType type) => Table[type].Size;

    internal static bool TryParse(string code, out TensorType type) => ByCode.TryGetValue(code, out type);

    /// <summary>The bytes that a tensor takes; false where the product of its non-zero dimensions and element size
    /// passes 2^63 - 1.</summary>
    internal static bool TryByteLength(this TensorType type, IReadOnlyList<long> shape, out long bytes)
    {
        bytes = 0;
        var product = (Int128)type.Size();
        foreach (var dimension in shape)
        {
            // Zero is left out, so that whether a shape is refused does not depend on the order of its dimensions.
            product *= Math.Max(dimension, 1);
            if (product > long.MaxValue)
                return false;
        }

        bytes = shape.Contains(0) ? 0 : (long)product;
        return true;
    }
}
