namespace Sema.Onnx.Data;

/// <summary>What is known of each <see cref="ElementType"/>.</summary>
internal static class ElementTypes
{
    /// <summary>Gets the size of one element in bytes.</summary>
    internal static int Size(this ElementType type) => type switch
    {
        ElementType.UInt8 or ElementType.Int8 or ElementType.Bool => 1,
        ElementType.Float16 or ElementType.Int16 => 2,
        ElementType.Float32 or ElementType.Int32 => 4,
        ElementType.Float64 or ElementType.Int64 => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Not an element type."),
    };

    /// <summary>Whether the type is a floating-point one.</summary>
    internal static bool IsFloat(this ElementType type) =>
        type is ElementType.Float32 or ElementType.Float64 or ElementType.Float16;

    /// <summary>Gets the name as messages spell it, such as <c>uint8</c>.</summary>
    internal static string Name(this ElementType type) => type.ToString().ToLowerInvariant();
}
