using System.Runtime.InteropServices;
using Sema.Onnx.Graphs.Serialization;

namespace Sema.Onnx.Graphs;

/// <summary>A constant array: an initializer, the value of a Constant node, or an attribute.</summary>
/// <remarks>A large one that stands in a file stays there: its bytes are read anew each time they are asked for, and kept by nobody.</remarks>
internal sealed class Tensor
{
    /// <summary>Tensors of a file up to this many bytes are read at once, and kept.</summary>
    internal const int KeptBytes = 1 << 16;

    private readonly ReadOnlyMemory<byte> _data;

    /// <summary>Creates a tensor over existing bytes.</summary>
    /// <param name="type">The elements' type; strings are kept in <see cref="Strings"/> instead.</param>
    /// <param name="dims">The sizes, outermost first.</param>
    /// <param name="data">The elements, row-major and little-endian: exactly the product of the sizes times the element's size.</param>
    /// <exception cref="InvalidModelException">The number of bytes does not fit the sizes.</exception>
    public Tensor(ElementType type, ReadOnlySpan<long> dims, ReadOnlyMemory<byte> data)
    {
        (Type, Dims, _data, ByteLength) = (type, dims.ToArray(), data, data.Length);
        if ((type.Size() == 0 && !type.IsHalfByte()) || type.ByteLength(ElementCount(dims)) != data.Length)
            throw new InvalidModelException($"A {type} tensor of shape {Graphs.Shape.Of(Dims)} cannot hold {data.Length} bytes.");
    }

    private Tensor(long[] dims, IReadOnlyList<byte[]> strings) => (Type, Dims, Strings) = (ElementType.String, dims, strings);

    private Tensor(ElementType type, long[] dims, FileStretch stretch) => (Type, Dims, Stretch, ByteLength) = (type, dims, stretch, stretch.Length);

    /// <summary>Gets the elements' type.</summary>
    public ElementType Type { get; }

    /// <summary>Gets the sizes, outermost first.</summary>
    public IReadOnlyList<long> Dims { get; }

    /// <summary>Gets the number of bytes that the elements take; 0 for strings.</summary>
    public long ByteLength { get; }

    /// <summary>Gets where the elements stand in a file, for a tensor that does not keep them.</summary>
    public FileStretch? Stretch { get; }

    /// <summary>Gets the elements, row-major and little-endian; empty for strings. Of a large tensor in a file they are read anew by each call.</summary>
    /// <exception cref="InvalidModelException">The file became shorter.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public ReadOnlyMemory<byte> Data
    {
        get
        {
            if (Stretch is null)
                return _data;
            var data = GC.AllocateUninitializedArray<byte>((int)ByteLength);
            Stretch.Read(0, data);
            return data;
        }
    }

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

    /// <summary>Creates a tensor whose elements stand in a file; a small one is read at once.</summary>
    /// <param name="type">The elements' type; no strings.</param>
    /// <param name="dims">The sizes, outermost first.</param>
    /// <param name="stretch">The place: exactly as many bytes as the sizes need, at most 2 GiB.</param>
    internal static Tensor InFile(ElementType type, ReadOnlySpan<long> dims, FileStretch stretch)
    {
        var tensor = new Tensor(type, dims.ToArray(), stretch);
        return stretch.Length <= KeptBytes ? new(type, dims, tensor.Data) : tensor;
    }

    /// <summary>Gets the same bytes as elements of another type.</summary>
    internal Tensor Reread(ElementType type, ReadOnlySpan<long> dims) => Stretch is null ? new(type, dims, _data) : InFile(type, dims, Stretch);

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
        ElementType.UInt4 => Halves(q => q),
        ElementType.Int4 => Halves(q => (q ^ 8) - 8),
        _ => throw new InvalidModelException($"An integer tensor was needed where a {Type} tensor of shape {Shape} stands."),
    };

    /// <summary>Gets the elements of a float tensor as float32.</summary>
    public float[] ToFloat32() => Type switch
    {
        ElementType.Float32 => As<float>().ToArray(),
        ElementType.Float16 => Array.ConvertAll(As<Half>().ToArray(), h => (float)h),
        ElementType.BFloat16 => Array.ConvertAll(As<ushort>().ToArray(), b => BitConverter.UInt32BitsToSingle((uint)b << 16)),
        _ when Float8.Of(Type) is { } format => Array.ConvertAll(Data.ToArray(), format.Decode),
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

    /// <summary>Gets the elements of a float tensor as float64, a piece at a time: who stops early reads little.</summary>
    public IEnumerable<double> EnumerateFloat64()
    {
        const int Piece = 1 << 12;
        var size = Type.Size();
        for (long at = 0, count = Count; at < count; at += Piece)
        {
            var bytes = new byte[Math.Min(Piece, count - at) * size];
            Read(at * size, bytes);
            foreach (var x in new Tensor(Type, [bytes.Length / size], bytes).ToFloat64())
                yield return x;
        }
    }

    /// <summary>Reads some of the elements' bytes.</summary>
    /// <param name="from">The first byte.</param>
    /// <param name="destination">Where to; all of it is filled.</param>
    public void Read(long from, Span<byte> destination)
    {
        if (Stretch is null)
            _data.Span.Slice((int)from, destination.Length).CopyTo(destination);
        else
            Stretch.Read(from, destination);
    }

    /// <summary>Hands over the elements' bytes in order, a piece at a time.</summary>
    /// <param name="read">Told whether to go on by what it returns.</param>
    public void ReadPieces(Func<ReadOnlySpan<byte>, bool> read)
    {
        if (Stretch is null)
            read(_data.Span);
        else
            Stretch.ReadPieces(read);
    }

    /// <summary>Gets whether another tensor has the same type, sizes and bytes; strings are not compared.</summary>
    public bool IsSame(Tensor other) => ReferenceEquals(this, other) || (Type == other.Type && Dims.SequenceEqual(other.Dims) && Holds(other));

    private long[] Halves(Func<int, int> number)
    {
        var data = Data.Span;
        var numbers = new long[Count];
        for (var i = 0; i < numbers.Length; i++)
            numbers[i] = number(data[i / 2] >> (i % 2 * 4) & 15);
        return numbers;
    }

    // The other's bytes are those of this one, which are as many.
    private bool Holds(Tensor other)
    {
        if (Stretch is not null && Stretch == other.Stretch)
            return true;
        var (same, at) = (true, 0L);
        ReadPieces(piece =>
        {
            var theirs = new byte[piece.Length];
            other.Read(at, theirs);
            at += piece.Length;
            return same = piece.SequenceEqual(theirs);
        });
        return same;
    }

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
