using System.Buffers.Binary;

namespace Sema.Onnx.Graphs.Patching;

/// <summary>How tensors of one element type store their values, other than as raw bytes.</summary>
/// <param name="Bits">Bits an element.</param>
/// <param name="Field">The number of the typed data field in <c>TensorProto</c>.</param>
/// <param name="Unit">Bytes of little-endian data that make one number of that field.</param>
/// <param name="IsSigned">Whether a negative unit stays negative in a wider number.</param>
internal sealed record TensorEncoding(int Bits, int Field, int Unit, bool IsSigned = false)
{
    private const int FloatData = 4, Int32Data = 5, Int64Data = 7, DoubleData = 10, UInt64Data = 11;

#pragma warning disable format // a table: aligned columns
    private static readonly Dictionary<long, TensorEncoding> Encodings = new()
    {
        [1]  = new( 32, FloatData,  4),          // float32
        [2]  = new(  8, Int32Data,  1),          // uint8
        [3]  = new(  8, Int32Data,  1, true),    // int8
        [4]  = new( 16, Int32Data,  2),          // uint16
        [5]  = new( 16, Int32Data,  2, true),    // int16
        [6]  = new( 32, Int32Data,  4, true),    // int32
        [7]  = new( 64, Int64Data,  8),          // int64
        [9]  = new(  8, Int32Data,  1),          // bool
        [10] = new( 16, Int32Data,  2),          // float16
        [11] = new( 64, DoubleData, 8),          // float64
        [12] = new( 32, UInt64Data, 4),          // uint32
        [13] = new( 64, UInt64Data, 8),          // uint64
        [14] = new( 64, FloatData,  4),          // complex64
        [15] = new(128, DoubleData, 8),          // complex128
        [16] = new( 16, Int32Data,  2),          // bfloat16
        [17] = new(  8, Int32Data,  1),          // float8e4m3fn
        [18] = new(  8, Int32Data,  1),          // float8e4m3fnuz
        [19] = new(  8, Int32Data,  1),          // float8e5m2
        [20] = new(  8, Int32Data,  1),          // float8e5m2fnuz
        [21] = new(  4, Int32Data,  1),          // uint4, two a unit
        [22] = new(  4, Int32Data,  1),          // int4, two a unit
        [23] = new(  4, Int32Data,  1),          // float4e2m1, two a unit
        [24] = new(  8, Int32Data,  1),          // float8e8m0
    };
#pragma warning restore format

    public static TensorEncoding Int64 => Encodings[7];

    public WireType Element => Field switch
    {
        FloatData => WireType.Fixed32,
        DoubleData => WireType.Fixed64,
        _ => WireType.Varint,
    };

    /// <summary>The encoding of an element type by its number in ONNX; null for strings and for numbers unknown here.</summary>
    public static TensorEncoding? Find(long elementType) => Encodings.GetValueOrDefault(elementType);

    /// <summary>The encoding of the values given for a tensor, whose count is checked.</summary>
    /// <exception cref="ModelPatchException">The type cannot be written, or dimensions and data do not agree.</exception>
    public static TensorEncoding For(string name, long elementType, IReadOnlyList<long> dims, ReadOnlyMemory<byte> data)
    {
        if (Find(elementType) is not { } encoding)
            throw new ModelPatchException(
                $"Tensor '{name}' has element type {elementType}, which cannot be patched; "
                + "leave it out of the patch.", name);
        if (dims.Any(d => d < 0))
            throw new ModelPatchException(
                $"Tensor '{name}' is given the dimensions [{string.Join(", ", dims)}]; none may be negative.", name);
        if (encoding.ByteCount(dims) != data.Length)
            throw new ModelPatchException(
                $"Tensor '{name}' [{string.Join(", ", dims)}] of element type {elementType} takes {encoding.ByteCount(dims)} bytes, "
                + $"and the patch gives {data.Length}; give its values in the tensor's own element type.", name);
        return encoding;
    }

    /// <summary>The bytes a tensor takes; capped at 2^65, so that no dimensions overflow it.</summary>
    public Int128 ByteCount(IEnumerable<long> dims) =>
        ((dims.Aggregate((Int128)1, (count, d) => Int128.Min(count * d, (Int128)1 << 62)) * Bits) + 7) / 8;

    /// <summary>The data as the numbers that the typed field holds.</summary>
    public IEnumerable<ulong> Units(ReadOnlyMemory<byte> data)
    {
        for (var i = 0; i < data.Length; i += Unit)
            yield return Read(data.Span.Slice(i, Unit));
    }

    private ulong Read(ReadOnlySpan<byte> unit) => (Unit, IsSigned) switch
    {
        (1, false) => unit[0],
        (1, true) => (ulong)(sbyte)unit[0],
        (2, false) => BinaryPrimitives.ReadUInt16LittleEndian(unit),
        (2, true) => (ulong)BinaryPrimitives.ReadInt16LittleEndian(unit),
        (4, false) => BinaryPrimitives.ReadUInt32LittleEndian(unit),
        (4, true) => (ulong)BinaryPrimitives.ReadInt32LittleEndian(unit),
        _ => BinaryPrimitives.ReadUInt64LittleEndian(unit),
    };
}
