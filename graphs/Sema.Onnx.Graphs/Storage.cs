namespace Sema.Onnx.Graphs;

/// <summary>How a model file stores a constant that stands in the graph as float32.</summary>
/// <param name="Type">The type of the stored elements.</param>
/// <param name="Grid">The numbers that the stored integers stand for; <see langword="null"/> where floats are stored.</param>
internal sealed record Storage(ElementType Type, QuantizationGrid? Grid = null)
{
    /// <summary>Gets the sizes of the stored tensor, where they are others: several elements packed into one.</summary>
    internal IReadOnlyList<long>? Dims { get; init; }

    /// <summary>What is stored as it stands.</summary>
    internal static Storage Plain { get; } = new(ElementType.Float32);

    /// <summary>Encodes numbers as the file stores them: floats rounded to nearest, integers as QuantizeLinear makes them.</summary>
    internal byte[] Encode(ReadOnlySpan<float> values) => Grid is null ? FloatBytes.Encode(Type, values) : Grid.Quantize(values);

    /// <summary>Reads stored elements back.</summary>
    internal float[] Decode(ReadOnlyMemory<byte> stored)
    {
        var tensor = new Tensor(Type, [stored.Length / Type.Size()], stored);
        return Grid is null ? tensor.ToFloat32() : Grid.Dequantize(tensor);
    }
}
