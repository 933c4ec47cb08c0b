namespace Sema.Onnx.Graphs;

/// <summary>The place of a function's attribute in its body: the calling node gives the value.</summary>
/// <param name="Name">The function's attribute.</param>
/// <param name="Kind">What the value is: one of the types that <see cref="Attribute"/> holds.</param>
internal sealed record AttributeReference(string Name, Type Kind);

/// <summary>A named constant of a node.</summary>
/// <param name="Name">The attribute's name.</param>
/// <param name="Value">
/// One of <see cref="long"/>, <see cref="float"/>, <see cref="string"/>, <see cref="Tensor"/>, <see cref="Graph"/>, arrays of
/// the first three, or an <see cref="AttributeReference"/>.
/// </param>
internal sealed record Attribute(string Name, object Value)
{
    /// <summary>Names an integer.</summary>
    /// <param name="pair">Name and value.</param>
    public static implicit operator Attribute((string Name, long Value) pair) => new(pair.Name, pair.Value);

    /// <summary>Names a float.</summary>
    /// <param name="pair">Name and value.</param>
    public static implicit operator Attribute((string Name, float Value) pair) => new(pair.Name, pair.Value);

    /// <summary>Names a string.</summary>
    /// <param name="pair">Name and value.</param>
    public static implicit operator Attribute((string Name, string Value) pair) => new(pair.Name, pair.Value);

    /// <summary>Names a list of integers.</summary>
    /// <param name="pair">Name and value.</param>
    public static implicit operator Attribute((string Name, long[] Value) pair) => new(pair.Name, pair.Value);

    /// <summary>Names a tensor.</summary>
    /// <param name="pair">Name and value.</param>
    public static implicit operator Attribute((string Name, Tensor Value) pair) => new(pair.Name, pair.Value);

    /// <summary>Takes the value from the calling node's attribute, in a function's body.</summary>
    /// <param name="pair">Name and value.</param>
    public static implicit operator Attribute((string Name, AttributeReference Value) pair) => new(pair.Name, pair.Value);
}
