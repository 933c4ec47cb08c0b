using Sema.Onnx.Checkpoints.Safetensors;

namespace Sema.Onnx.Checkpoints;

/// <summary>A tensor to be saved: a name, a type, a shape and its bytes.</summary>
public sealed class TensorEntry
{
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
        if (!type.TryByteLength(shape, out var bytes) || bytes != data.Length)
            throw new ArgumentException(
                $"Tensor {Quote.Text(name)}, {type.Code()} [{string.Join(", ", shape)}], does not fill "
                    + $"{data.Length} bytes.",
                nameof(data));
        Info = new TensorInfo(name, type, [.. shape], bytes);
        Data = data;
    }

    /// <summary>Name, type and shape.</summary>
    public TensorInfo Info { get; }

    /// <summary>The values, row-major and little-endian.</summary>
    public ReadOnlyMemory<byte> Data { get; }
}
