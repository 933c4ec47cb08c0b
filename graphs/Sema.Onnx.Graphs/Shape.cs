using System.Collections;

namespace Sema.Onnx.Graphs;

/// <summary>One axis of a shape: a size, or a symbol whose size is known only when the graph runs.</summary>
/// <param name="Size">The number of elements along the axis, or -1 where it is not known.</param>
/// <param name="Symbol">The axis's name, such as <c>batch</c>, where the model gives one.</param>
internal readonly record struct Dimension(long Size, string? Symbol = null)
{
    /// <summary>Gets whether the size is known.</summary>
    public bool IsKnown => Size >= 0;

    /// <inheritdoc/>
    public override string ToString() => IsKnown ? $"{Size}" : Symbol ?? "?";
}

/// <summary>The axes of a tensor, outermost first; a scalar has none.</summary>
internal sealed class Shape : IReadOnlyList<Dimension>, IEquatable<Shape>
{
    private readonly Dimension[] _dimensions;

    /// <summary>Creates a shape.</summary>
    /// <param name="dimensions">The axes, outermost first.</param>
    public Shape(params IEnumerable<Dimension> dimensions) => _dimensions = [.. dimensions];

    /// <summary>Creates a shape of known sizes; -1 stands for a size that is not known.</summary>
    /// <param name="sizes">The sizes, outermost first.</param>
    public static Shape Of(params IEnumerable<long> sizes) => new(sizes.Select(s => new Dimension(s)));

    /// <summary>Gets the number of axes.</summary>
    public int Rank => _dimensions.Length;

    int IReadOnlyCollection<Dimension>.Count => Rank;

    /// <summary>Gets whether every size is known.</summary>
    public bool IsStatic => _dimensions.All(d => d.IsKnown);

    /// <summary>Gets the sizes; -1 where one is not known.</summary>
    public long[] Sizes => [.. _dimensions.Select(d => d.Size)];

    /// <summary>Gets the number of elements of a static shape.</summary>
    public long Count => _dimensions.Aggregate(1L, (n, d) => checked(n * d.Size));

    /// <inheritdoc/>
    public Dimension this[int axis] => _dimensions[axis];

    /// <inheritdoc/>
    public bool Equals(Shape? other) => other is not null && _dimensions.SequenceEqual(other._dimensions);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Shape);

    /// <inheritdoc/>
    public override int GetHashCode() => _dimensions.Aggregate(17, HashCode.Combine);

    /// <inheritdoc/>
    public IEnumerator<Dimension> GetEnumerator() => ((IEnumerable<Dimension>)_dimensions).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public override string ToString() => $"[{string.Join(", ", _dimensions)}]";
}
