using System.Buffers;
using System.Runtime.InteropServices;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data.Transforms;

/// <summary>Keeps an array's shape and computes <c>(x / scale - mean) / std</c> of each element in float32.</summary>
internal sealed class NormalizingTransform : ISampleTransform
{
    private readonly Normalization _normalization;
    private readonly ValueConverter _toFloat;
    private readonly ValueConverter _toResult;

    /// <param name="source">The array.</param>
    /// <param name="type">The floating-point type it becomes.</param>
    /// <param name="normalization">Of one channel.</param>
    internal NormalizingTransform(ArraySpec source, ElementType type, Normalization normalization)
    {
        (Source, Result, _normalization) = (source, new ArraySpec(type, source.Shape.AsSpan()), normalization);
        _toFloat = ValueConversion.Between(source.Type, ElementType.Float32);
        _toResult = ValueConversion.Between(ElementType.Float32, type);
        Steps = [$"{source.Type.Name()} to {type.Name()}", normalization.ToString()];
    }

    public ArraySpec Source { get; }

    public ArraySpec Result { get; }

    public IReadOnlyList<string> Steps { get; }

    public void Apply(ReadOnlySpan<byte> source, Span<byte> result)
    {
        var rented = ArrayPool<float>.Shared.Rent(Source.ElementCount);
        var values = rented.AsSpan(0, Source.ElementCount);
        _toFloat(source, MemoryMarshal.AsBytes(values));
        _normalization.Apply(0, values, values);
        _toResult(MemoryMarshal.AsBytes(values), result);
        ArrayPool<float>.Shared.Return(rented);
    }
}
