namespace Sema.Onnx.Graphs.Composition;

/// <summary>A parameter's place in the flat arenas.</summary>
/// <param name="Name">The initializer's name in the model.</param>
/// <param name="Shape">Its sizes.</param>
/// <param name="Offset">Where its elements begin, counted in elements.</param>
/// <param name="Group">The group it belongs to.</param>
public sealed record Parameter(string Name, IReadOnlyList<long> Shape, long Offset, string Group)
{
    /// <summary>Gets the number of elements.</summary>
    public long Count => Shape.Aggregate(1L, (n, size) => n * size);
}
