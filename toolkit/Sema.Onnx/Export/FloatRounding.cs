using System.Runtime.InteropServices;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Export;

/// <summary>Rounds numbers to a tensor's own float type, once: to the nearest, ties to even.</summary>
internal static class FloatRounding
{
    /// <summary>Writes numbers as little-endian elements.</summary>
    /// <param name="type">A float type.</param>
    /// <param name="values">The numbers.</param>
    /// <param name="bytes">Where to; as many elements.</param>
    internal static void Round(ElementType type, ReadOnlySpan<double> values, Span<byte> bytes)
    {
        switch (type)
        {
            case ElementType.Float32:
                Round(values, MemoryMarshal.Cast<byte, float>(bytes), v => (float)v);
                break;
            case ElementType.Float16:
                Round(values, MemoryMarshal.Cast<byte, Half>(bytes), v => (Half)v);
                break;
            case ElementType.BFloat16:
                Round(values, MemoryMarshal.Cast<byte, ushort>(bytes), BFloat16);
                break;
            case ElementType.Float64:
                Round(values, MemoryMarshal.Cast<byte, double>(bytes), v => v);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "A float type is needed.");
        }
    }

    private static void Round<T>(ReadOnlySpan<double> values, Span<T> elements, Func<double, T> round)
    {
        for (var i = 0; i < values.Length; i++)
            elements[i] = round(values[i]);
    }

    // Through float32 rounded to odd, which keeps what the second rounding must know: on which side of a tie the number lies.
    private static ushort BFloat16(double value)
    {
        var near = (float)value;
        var bits = BitConverter.SingleToUInt32Bits(near);
        if (near != value && float.IsFinite(near))
            bits = (Math.Abs(near) > Math.Abs(value) ? bits - 1 : bits) | 1;
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
