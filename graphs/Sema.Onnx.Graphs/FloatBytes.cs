using System.Runtime.InteropServices;

namespace Sema.Onnx.Graphs;

/// <summary>Numbers as the bytes of a float type, rounded to nearest, ties to even.</summary>
internal static class FloatBytes
{
    /// <summary>Encodes float32 numbers.</summary>
    /// <param name="type">A float type.</param>
    /// <param name="values">The numbers; beyond the type's range they become infinite.</param>
    internal static byte[] Encode(ElementType type, ReadOnlySpan<float> values) => type switch
    {
        ElementType.Float32 => MemoryMarshal.AsBytes(values).ToArray(),
        ElementType.Float64 => Encode<double>(values, v => v),
        ElementType.Float16 => Encode<Half>(values, v => (Half)v),
        ElementType.BFloat16 => Encode<ushort>(values, BFloat16),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "A float type is needed."),
    };

    /// <summary>The upper half of a float32's bits, rounded to nearest, ties to even.</summary>
    internal static ushort BFloat16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)((bits >> 16) | 0x40) : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    private static byte[] Encode<T>(ReadOnlySpan<float> values, Func<float, T> round)
        where T : unmanaged
    {
        var encoded = new T[values.Length];
        for (var i = 0; i < values.Length; i++)
            encoded[i] = round(values[i]);
        return MemoryMarshal.AsBytes(encoded.AsSpan()).ToArray();
    }
}
