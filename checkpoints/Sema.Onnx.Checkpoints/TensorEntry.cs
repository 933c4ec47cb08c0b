using Sema.Onnx.Checkpoints.Safetensors;

namespace Sema.Onnx.Checkpoints;

/// <summary>A tensor to be saved: a name, a type, a shape and its bytes.</summary>
public sealed class TensorEntry
{
    private const int PieceLength = 1 << 20;

    private readonly ReadOnlyMemory<byte> _data;
    private readonly TensorReader? _read;

    /// <summary>Describes a tensor; the values are not copied and must not change until they are saved.</summary>
    /// <param name="name">Any well-formed Unicode text but <c>__metadata__</c>. It never becomes a path.</param>
    /// <param name="type">The type of the elements.</param>
    /// <param name="shape">The dimensions, outermost first, each 0 or more; empty for a scalar.</param>
    /// <param name="data">The values, row-major and little-endian: exactly the shape's product times the element's
    /// size.</param>
    /// <exception cref="ArgumentException">The name, type or shape is not allowed, or the data's length does not fit
    /// them.</exception>
    public TensorEntry(string name, TensorType type, IReadOnlyList<long> shape, ReadOnlyMemory<byte> data)
    {
        Info = Checked(name, type, shape, data.Length);
        _data = data;
    }

    private TensorEntry(TensorInfo info, TensorReader read)
    {
        Info = info;
        _read = read;
    }

    /// <summary>Describes a tensor whose values are fetched piece by piece while they are saved, so that nobody need
    /// hold a copy of them.</summary>
    /// <param name="name">As for the constructor.</param>
    /// <param name="type">The type of the elements.</param>
    /// <param name="shape">The dimensions, outermost first, each 0 or more; empty for a scalar.</param>
    /// <param name="read">Gives the values; it is asked more than once, and must give the same each time.</param>
    /// <returns>The tensor.</returns>
    /// <exception cref="ArgumentException">The name, type or shape is not allowed.</exception>
    public static TensorEntry Streamed(string name, TensorType type, IReadOnlyList<long> shape, TensorReader read)
    {
        ArgumentNullException.ThrowIfNull(read);
        return new TensorEntry(Checked(name, type, shape, null), read);
    }

    /// <summary>Name, type and shape.</summary>
    public TensorInfo Info { get; }

    /// <summary>The values, row-major and little-endian; of a streamed tensor none, for they are kept elsewhere.</summary>
    public ReadOnlyMemory<byte> Data => _data;

    /// <summary>Hands over the values' bytes in order, piece by piece.</summary>
    internal void WriteTo(Action<ReadOnlySpan<byte>> write)
    {
        if (_read is null)
        {
            write(_data.Span);
            return;
        }

        var buffer = new byte[Math.Min(PieceLength, Info.ByteLength)];
        for (long offset = 0; offset < Info.ByteLength; offset += buffer.Length)
        {
            var piece = buffer.AsSpan(0, (int)Math.Min(buffer.Length, Info.ByteLength - offset));
            _read(offset, piece);
            write(piece);
        }
    }

    private static TensorInfo Checked(string name, TensorType type, IReadOnlyList<long> shape, long? given)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(shape);
        if (name == SafetensorsHeader.MetadataKey)
            throw new ArgumentException(
                $"A tensor cannot be named '{name}': safetensors keeps that key for itself.",
                nameof(name));
        if (!Quote.IsWellFormed(name))
            throw new ArgumentException(
                $"The name {Quote.Text(name)} holds half of a surrogate pair, which UTF-8 cannot express.",
                nameof(name));
        if (!Enum.IsDefined(type))
            throw new ArgumentException($"Tensor {Quote.Text(name)} has the unknown type {type}.", nameof(type));
        if (shape.Any(dimension => dimension < 0))
            throw new ArgumentException(
                $"Tensor {Quote.Text(name)} has a negative dimension in its shape [{string.Join(", ", shape)}].",
                nameof(shape));
        if (!type.TryByteLength(shape, out var bytes) || (given is { } held && bytes != held))
            throw new ArgumentException(
                $"Tensor {Quote.Text(name)}, {type.Code()} [{string.Join(", ", shape)}], "
                    + (given is { } length ? $"does not fill {length} bytes." : "has more bytes than can be counted."),
                given is null ? nameof(shape) : "data");
        return new TensorInfo(name, type, [.. shape], bytes);
    }
}
