using System.Diagnostics.CodeAnalysis;

namespace Sema.Onnx.Checkpoints;

/// <summary>The type of a tensor's elements, little-endian on disk.</summary>
/// <remarks>The types of safetensors whose elements fill whole bytes; its 4- and 6-bit floats are not
/// supported.</remarks>
[SuppressMessage("Naming", "CA1720:Identifier contains type name", Justification = "The members are types.")]
public enum TensorType
{
    /// <summary>A truth value in one byte, 0 or 1 (<c>BOOL</c>).</summary>
    Bool,

    /// <summary>Unsigned 8-bit integer (<c>U8</c>).</summary>
    UInt8,

    /// <summary>Signed 8-bit integer (<c>I8</c>).</summary>
    Int8,

    /// <summary>8-bit float, 5 exponent and 2 mantissa bits (<c>F8_E5M2</c>).</summary>
    Float8E5M2,

    /// <summary>8-bit float, 4 exponent and 3 mantissa bits (<c>F8_E4M3</c>).</summary>
    Float8E4M3,

    /// <summary>8-bit power of two, a scale (<c>F8_E8M0</c>).</summary>
    Float8E8M0,

    /// <summary>Signed 16-bit integer (<c>I16</c>).</summary>
    Int16,

    /// <summary>Unsigned 16-bit integer (<c>U16</c>).</summary>
    UInt16,

    /// <summary>IEEE 754 half precision, 16 bits (<c>F16</c>).</summary>
    Float16,

    /// <summary>The upper half of a single-precision float, 16 bits (<c>BF16</c>).</summary>
    BFloat16,

    /// <summary>Signed 32-bit integer (<c>I32</c>).</summary>
    Int32,

    /// <summary>Unsigned 32-bit integer (<c>U32</c>).</summary>
    UInt32,

    /// <summary>IEEE 754 single precision, 32 bits (<c>F32</c>).</summary>
    Float32,

    /// <summary>Two single-precision floats, real and imaginary, 64 bits (<c>C64</c>).</summary>
    Complex64,

    /// <summary>IEEE 754 double precision, 64 bits (<c>F64</c>).</summary>
    Float64,

    /// <summary>Signed 64-bit integer (<c>I64</c>).</summary>
    Int64,

    /// <summary>Unsigned 64-bit integer (<c>U64</c>).</summary>
    UInt64,
}
