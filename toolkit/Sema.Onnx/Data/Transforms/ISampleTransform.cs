namespace Sema.Onnx.Data.Transforms;

/// <summary>Turns one sample's array into the array that a model takes. Safe to use from several threads at
/// once.</summary>
internal interface ISampleTransform
{
    /// <summary>Gets the type and shape it takes.</summary>
    ArraySpec Source { get; }

    /// <summary>Gets the type and shape it gives.</summary>
    ArraySpec Result { get; }

    /// <summary>Gets what it does, a phrase a step, for people to read; empty when it only copies.</summary>
    IReadOnlyList<string> Steps { get; }

    /// <summary>Transforms one sample.</summary>
    /// <param name="source">The sample's bytes, as many as <see cref="Source"/> says.</param>
    /// <param name="result">Receives as many bytes as <see cref="Result"/> says.</param>
    /// <exception cref="DataException">A value cannot be held by the result's type.</exception>
    void Apply(ReadOnlySpan<byte> source, Span<byte> result);
}
