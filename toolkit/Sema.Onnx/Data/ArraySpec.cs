using System.Collections.Immutable;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data;

/// <summary>The element type and shape of one sample's array; the sample axis is left out.</summary>
public sealed class ArraySpec : IEquatable<ArraySpec>
{
    /// <summary>Describes an array such as <c>uint8 [3,32,32]</c>.</summary>
    /// <param name="type">The type of the elements.</param>
    /// <param name="shape">The length of each axis, all positive; empty for a scalar such as a class label.</param>
    /// <exception cref="DataException">An axis is not positive, or one sample would hold 2 GiB or more.</exception>
    public ArraySpec(ElementType type, params ReadOnlySpan<int> shape)
    {
        (Type, Shape) = (type, [.. shape]);
        var bytes = (long)type.Size();
        foreach (var axis in shape)
        {
            if (axis < 1)
                throw new DataException($"A sample of shape {Format(shape)} has an axis of length {axis}; every " +
                    "axis must hold at least one element.");
            bytes *= axis;   // below 2^31 · 2^31: no overflow
            if (bytes > Array.MaxLength)
                throw new DataException($"One sample of {type.Name()} {Format(shape)} holds 2 GiB or more; split it " +
                    "into smaller samples.");
        }

        ByteCount = (int)bytes;
    }

    /// <summary>Gets the type of the elements.</summary>
    public ElementType Type { get; }

    /// <summary>Gets the length of each axis; empty for a scalar.</summary>
    public ImmutableArray<int> Shape { get; }

    /// <summary>Gets the number of elements; 1 for a scalar.</summary>
    public int ElementCount => ByteCount / Type.Size();

    /// <summary>Gets the size of one sample in bytes.</summary>
    public int ByteCount { get; }

    /// <inheritdoc/>
    public bool Equals(ArraySpec? other) =>
        other is not null && Type == other.Type && Shape.AsSpan().SequenceEqual(other.Shape.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ArraySpec);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Type, Shape.Length, ByteCount);

    /// <summary>Returns the type and the shape, such as <c>uint8 [3,32,32]</c>.</summary>
    public override string ToString() => $"{Type.Name()} {Format(Shape.AsSpan())}";

    /// <summary>Writes a shape as messages spell it, such as <c>[3,32,32]</c>; an axis below 0 is free and written
    /// <c>?</c>.</summary>
    internal static string Format(ReadOnlySpan<int> shape) =>
        $"[{string.Join(',', shape.ToArray().Select(axis => axis < 0 ? "?" : $"{axis}"))}]";
}
