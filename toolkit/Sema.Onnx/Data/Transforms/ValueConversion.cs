using System.Numerics;
using System.Runtime.InteropServices;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data.Transforms;

/// <summary>Converts elements of one type to another, one by one.</summary>
internal delegate void ValueConverter(ReadOnlySpan<byte> source, Span<byte> result);

/// <summary>Conversions by value. To a floating-point type they round to nearest; to an integer they keep the value or
/// refuse.</summary>
internal static class ValueConversion
{
    /// <exception cref="DataException">Numbers are to become booleans.</exception>
    internal static ValueConverter Between(ElementType from, ElementType to) => from switch
    {
        _ when from == to => static (source, result) => source.CopyTo(result),
        ElementType.Float32 => From<float>(to),
        ElementType.Float64 => From<double>(to),
        ElementType.Float16 => From<Half>(to),
        ElementType.UInt8 or ElementType.Bool => From<byte>(to),
        ElementType.Int8 => From<sbyte>(to),
        ElementType.Int16 => From<short>(to),
        ElementType.Int32 => From<int>(to),
        ElementType.Int64 => From<long>(to),
        _ => throw new ArgumentOutOfRangeException(nameof(from), from, "Not an element type."),
    };

    private static ValueConverter From<T>(ElementType type)
        where T : unmanaged, INumber<T>
    {
        return type switch
        {
            ElementType.Float32 => ToFloat<T, float>,
            ElementType.Float64 => ToFloat<T, double>,
            ElementType.Float16 => ToFloat<T, Half>,
            ElementType.UInt8 => ToInteger<T, byte>,
            ElementType.Int8 => ToInteger<T, sbyte>,
            ElementType.Int16 => ToInteger<T, short>,
            ElementType.Int32 => ToInteger<T, int>,
            ElementType.Int64 => ToInteger<T, long>,
            ElementType.Bool => throw new DataException("The model takes bool and the data hold numbers; save them " +
                "as bool (numpy: array.astype(bool))."),
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Not an element type."),
        };
    }

    private static void ToFloat<TFrom, TTo>(ReadOnlySpan<byte> source, Span<byte> result)
        where TFrom : unmanaged, INumber<TFrom>
        where TTo : unmanaged, INumber<TTo>
    {
        var from = MemoryMarshal.Cast<byte, TFrom>(source);
        var to = MemoryMarshal.Cast<byte, TTo>(result)[..from.Length];
        for (var i = 0; i < from.Length; i++)
        {
            to[i] = TTo.CreateSaturating(from[i]);
            if (TTo.IsInfinity(to[i]) && !TFrom.IsInfinity(from[i]))
                throw Refused<TFrom, TTo>(from[i], i);
        }
    }

    private static void ToInteger<TFrom, TTo>(ReadOnlySpan<byte> source, Span<byte> result)
        where TFrom : unmanaged, INumber<TFrom>
        where TTo : unmanaged, INumber<TTo>
    {
        var from = MemoryMarshal.Cast<byte, TFrom>(source);
        var to = MemoryMarshal.Cast<byte, TTo>(result)[..from.Length];
        for (var i = 0; i < from.Length; i++)
        {
            to[i] = TTo.CreateSaturating(from[i]);
            if (TFrom.CreateSaturating(to[i]) != from[i])
                throw Refused<TFrom, TTo>(from[i], i);
        }
    }

    private static DataException Refused<TFrom, TTo>(TFrom value, int element) =>
        new($"the value {value} at element {element} cannot be held by the model's {typeof(TTo).Name}; save data " +
            "that it can hold.");
}
