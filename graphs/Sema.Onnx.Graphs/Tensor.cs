using System.Runtime.InteropServices;

namespace Sema.Onnx.Graphs;

/// <summary>A constant array: an initializer, the value of a Constant node, or an attribute.</summary>
internal sealed class Tensor
{
    /// <summary>Creates a tensor over existing bytes.</summary>
    /// <param name="type">The elements' type; strings are kept in <see cref="Strings"/> instead.</param>
    /// <param name="dims">The sizes, outermost first.</param>
    /// <param name="data">The elements, row-major and little-endian: exactly the product of the sizes times the element's size.</param>
    /// <exception cref="InvalidModelException">The number of bytes does not fit the sizes.</exception>
    public Tensor(ElementType type, ReadOnlySpan<long> dims, ReadOnlyMemory<byte> data)
    {
        (Type, Dims, Data) = (type, dims.ToArray(), data);
        if (type.Size() == 0 || ElementCount(dims) * type.Size() != data.Length)
            throw new InvalidModelException($"A {type} tensor of shape {Graphs.Shape.Of(Dims)} cannot hold {data.Length} bytes.");
    }

    private Tensor(long[] dims, IReadOnlyList<byte[]> strings) => (Type, Dims, Strings) = (ElementType.String, dims, strings);

    /// <summary>Gets the elements' type.</summary>
    public ElementType Type { get; }

    /// <summary>Gets the sizes, outermost first.</summary>
    public IReadOnlyList<long> Dims { get; }

    /// <summary>Gets the elements, row-major and little-endian; empty for strings.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>Gets the elements of a string tensor, UTF-8.</summary>
    public IReadOnlyList<byte[]> Strings { get; } = [];

    /// <summary>Gets the sizes as a shape.</summary>
    public Shape Shape => Shape.Of(Dims);

    /// <summary>Gets the number of elements.</summary>
    public long Count => ElementCount([.. Dims]);

    /// <summary>Creates a vector of integers.</summary>
    /// <param name="elements">The elements.</param>
    public static Tensor Vector(params ReadOnlySpan<long> elements) =>
        new(ElementType.Int64, [elements.Length], MemoryMarshal.AsBytes(elements).ToArray());

    /// <summary>Creates an integer scalar.</summary>
    /// <param name="value">The value.</param>
    public static Tensor Scalar(long value) => new(ElementType.Int64, [], BitConverter.GetBytes(value));

    /// <summary>Creates a float32 tensor.</summary>
    /// <param name="dims">The sizes, outermost first.</param>
    /// <param name="elements">The elements, row-major.</param>
    public static Tensor Floats(ReadOnlySpan<long> dims, ReadOnlySpan<float> elements) =>
        new(ElementType.Float32, dims, MemoryMarshal.AsBytes(elements).ToArray());

    /// <summary>Creates a scalar of a float type, rounded to it.</summary>
    /// <param name="value">The value.</param>
    /// <param name="type">A float type.</param>
    public static Tensor Scalar(double value, ElementType type) => new(type, [], type switch
    {
        ElementType.Float64 => BitConverter.GetBytes(value),
        ElementType.Float32 => BitConverter.GetBytes((float)value),
        ElementType.Float16 => BitConverter.GetBytes((Half)value),
        ElementType.BFloat16 => BitConverter.GetBytes(FloatBytes.BFloat16((float)value)),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "A float type is needed."),
    });

    internal static Tensor OfStrings(ReadOnlySpan<long> dims, IReadOnlyList<byte[]> strings) => new(dims.ToArray(), strings);

    /// <summary>Gets the elements as numbers of their own type.</summary>
    /// <typeparam name="T">The .NET type that matches <see cref="Type"/>.</typeparam>
    public ReadOnlySpan<T> As<T>()
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(Data.Span);

    /// <summary>Gets the elements of an integer or boolean tensor as int64.</summary>
    public long[] ToInt64() => Type switch
    {
        ElementType.Int64 => As<long>().ToArray(),
        ElementType.Int32 => [.. As<int>().ToArray()],
        ElementType.Int16 => [.. As<short>().ToArray()],
        ElementType.Int8 => [.. As<sbyte>().ToArray()],
        ElementType.UInt32 => [.. As<uint>().ToArray()],
        ElementType.UInt16 => [.. As<ushort>().ToArray()],
        ElementType.UInt8 or ElementType.Bool => [.. Data.ToArray()],
        _ => throw new InvalidModelException($"An integer tensor was needed where a {Type} tensor of shape {Shape} stands."),
    };

    /// <summary>Gets the elements of a float tensor as float32.</summary>
    public float[] ToFloat32() => Type switch
    {
        ElementType.Float32 => As<float>().ToArray(),
        ElementType.Float16 => Array.ConvertAll(As<Half>().ToArray(), h => (float)h),
        ElementType.BFloat16 => Array.ConvertAll(As<ushort>().ToArray(), b => BitConverter.UInt32BitsToSingle((uint)b << 16)),
        _ => Array.ConvertAll(ToFloat64(), d => (float)d),
    };

    /// <summary>Gets the elements of a float tensor as float64.</summary>
    public double[] ToFloat64() => Type switch
    {
        ElementType.Float32 => Array.ConvertAll(As<float>().ToArray(), f => (double)f),
        ElementType.Float64 => As<double>().ToArray(),
        ElementType.Float16 => Array.ConvertAll(As<Half>().ToArray(), h => (double)h),
        ElementType.BFloat16 => Array.ConvertAll(As<ushort>().ToArray(), b => (double)BitConverter.UInt32BitsToSingle((uint)b << 16)),
        _ => throw new InvalidModelException($"A float tensor was needed where a {Type} tensor of shape {Shape} stands."),
    };

    /// <summary>Gets the product of the sizes, refusing negative ones and overflow.</summary>
    internal static long ElementCount(ReadOnlySpan<long> dims)
    {
        UInt128 count = 1;
        var empty = false;
        foreach (var size in dims)
        {
            if (size < 0)
                throw new InvalidModelException($"A tensor has the negative size {size} in its shape {Shape.Of(dims.ToArray())}.");
            empty |= size == 0;
            count *= (ulong)Math.Max(size, 1);
            if (count > long.MaxValue / 16)
                throw new InvalidModelException($"The number of elements of shape {Shape.Of(dims.ToArray())} overflows.");
        }

        return empty ? 0 : (long)count;
    }
}
