namespace Sema.Onnx.Graphs;

/// <summary>The type of a tensor's elements; the numbers are ONNX's own codes (TensorProto.DataType).</summary>
public enum ElementType
{
    /// <summary>Not known, or no tensor.</summary>
    Undefined = 0,

    /// <summary>IEEE 754 binary32.</summary>
    Float32 = 1,

    /// <summary>Unsigned 8-bit integer.</summary>
    UInt8 = 2,

    /// <summary>Signed 8-bit integer.</summary>
    Int8 = 3,

    /// <summary>Unsigned 16-bit integer.</summary>
    UInt16 = 4,

    /// <summary>Signed 16-bit integer.</summary>
    Int16 = 5,

    /// <summary>Signed 32-bit integer.</summary>
    Int32 = 6,

    /// <summary>Signed 64-bit integer.</summary>
    Int64 = 7,

    /// <summary>UTF-8 text.</summary>
    String = 8,

    /// <summary>One byte, 0 or 1.</summary>
    Bool = 9,

    /// <summary>IEEE 754 binary16.</summary>
    Float16 = 10,

    /// <summary>IEEE 754 binary64.</summary>
    Float64 = 11,

    /// <summary>Unsigned 32-bit integer.</summary>
    UInt32 = 12,

    /// <summary>Unsigned 64-bit integer.</summary>
    UInt64 = 13,

    /// <summary>Two binary32: real and imaginary part.</summary>
    Complex64 = 14,

    /// <summary>Two binary64: real and imaginary part.</summary>
    Complex128 = 15,

    /// <summary>The upper half of a binary32.</summary>
    BFloat16 = 16,

    /// <summary>8-bit float: 4 bits of exponent, 3 of mantissa, no infinities.</summary>
    Float8E4M3FN = 17,

    /// <summary>8-bit float: 4 bits of exponent, 3 of mantissa, neither infinities nor a negative zero.</summary>
    Float8E4M3FNUZ = 18,

    /// <summary>8-bit float: 5 bits of exponent, 2 of mantissa.</summary>
    Float8E5M2 = 19,

    /// <summary>8-bit float: 5 bits of exponent, 2 of mantissa, neither infinities nor a negative zero.</summary>
    Float8E5M2FNUZ = 20,

    /// <summary>Unsigned 4-bit integer; two stand in a byte, the first in its lower half.</summary>
    UInt4 = 21,

    /// <summary>Signed 4-bit integer; two stand in a byte, the first in its lower half.</summary>
    Int4 = 22,
}

/// <summary>What an <see cref="ElementType"/> tells.</summary>
internal static class ElementTypes
{
    /// <summary>Gets the bytes of one element, or 0 where elements have no bytes of their own (strings, halves of a byte, unknown types).</summary>
    public static int Size(this ElementType type) => type switch
    {
        ElementType.Bool or ElementType.UInt8 or ElementType.Int8
            or ElementType.Float8E4M3FN or ElementType.Float8E4M3FNUZ or ElementType.Float8E5M2 or ElementType.Float8E5M2FNUZ => 1,
        ElementType.UInt16 or ElementType.Int16 or ElementType.Float16 or ElementType.BFloat16 => 2,
        ElementType.Float32 or ElementType.Int32 or ElementType.UInt32 => 4,
        ElementType.Float64 or ElementType.Int64 or ElementType.UInt64 or ElementType.Complex64 => 8,
        ElementType.Complex128 => 16,
        _ => 0,
    };

    /// <summary>Gets whether two elements stand in a byte.</summary>
    public static bool IsHalfByte(this ElementType type) => type is ElementType.UInt4 or ElementType.Int4;

    /// <summary>Gets the bytes that so many elements take.</summary>
    public static long ByteLength(this ElementType type, long count) => type.IsHalfByte() ? (count + 1) / 2 : count * type.Size();

    /// <summary>Gets whether a value of this type can carry a gradient.</summary>
    public static bool IsFloat(this ElementType type) =>
        type is ElementType.Float32 or ElementType.Float64 or ElementType.Float16 or ElementType.BFloat16;

    /// <summary>Gets the largest relative error of rounding to a half-precision type; 0 for the others, which computations in float32 do not round to.</summary>
    public static double HalfRounding(this ElementType type) => type switch
    {
        ElementType.Float16 => 1.0 / (1 << 11),
        ElementType.BFloat16 => 1.0 / (1 << 8),
        _ => 0,
    };

    /// <summary>Gets the name as messages spell it, such as <c>uint8</c>.</summary>
    public static string Name(this ElementType type) => type.ToString().ToLowerInvariant();
}
