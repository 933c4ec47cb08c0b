using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data.Transforms;

/// <summary>Keeps an array's shape and converts its elements by value.</summary>
internal sealed class ValueTransform : ISampleTransform
{
    private readonly ValueConverter _convert;

    internal ValueTransform(ArraySpec source, ElementType type)
    {
        (Source, Result) = (source, new ArraySpec(type, source.Shape.AsSpan()));
        _convert = ValueConversion.Between(source.Type, type);
        Steps = source.Type == type ? [] : [$"{source.Type.Name()} to {type.Name()}"];
    }

    public ArraySpec Source { get; }

    public ArraySpec Result { get; }

    public IReadOnlyList<string> Steps { get; }

    public void Apply(ReadOnlySpan<byte> source, Span<byte> result) => _convert(source, result);
}
