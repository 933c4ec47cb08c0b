namespace Sema.Onnx.Data;

#pragma warning disable CA1720 // these are types, and these are their names
/// <summary>The type of an array's elements. In memory and in files all are little-endian.</summary>
public enum ElementType
{
    /// <summary>IEEE 754 single precision, 4 bytes.</summary>
    Float32,

    /// <summary>IEEE 754 double precision, 8 bytes.</summary>
    Float64,

    /// <summary>IEEE 754 half precision, 2 bytes.</summary>
    Float16,

    /// <summary>Unsigned, 1 byte; the type of stored pixels.</summary>
    UInt8,

    /// <summary>Signed, 1 byte.</summary>
    Int8,

    /// <summary>Signed, 2 bytes.</summary>
    Int16,

    /// <summary>Signed, 4 bytes.</summary>
    Int32,

    /// <summary>Signed, 8 bytes; the type of class labels.</summary>
    Int64,

    /// <summary>True (1) or false (0), 1 byte.</summary>
    Bool,
}
#pragma warning restore CA1720
