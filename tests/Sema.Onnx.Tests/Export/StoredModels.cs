using Sema.Onnx.Graphs;
using Sema.Onnx.Training;

namespace Sema.Onnx.Export;

/// <summary>Small classifiers of vectors [batch, 4] with 3 classes, whose weights are stored in some type.</summary>
internal static class StoredModels
{
    /// <summary>Gemm(w1, b1) → Tanh → MatMul(w2) · s2 + b2, in one float type from end to end.</summary>
    internal static Model Mlp(ElementType type)
    {
        var graph = new Graph("mlp");
        var x = graph.AddInput("x", type, TinyModels.Batched("batch", 4));
        var hidden = graph.Emit("Gemm", [x, Stored(graph, "w1", type, 5, 4), Stored(graph, "b1", type, 5)], ("transB", 1)).Tanh();
        var y = (hidden.MatMul(Stored(graph, "w2", type, 5, 3)) * Stored(graph, "s2", type, 3) + Stored(graph, "b2", type, 3)).As(type);
        return TinyModels.Finish(graph, y, TinyModels.Batched("batch", 3));
    }

    /// <summary>Gemm(w1, b1) → Relu → MatMul(w2) with quantised activations and weights, and an int32 bias.</summary>
    internal static Model Quantized(ElementType type, bool perChannel)
    {
        var graph = new Graph("quantized");
        var x = Activation(graph.AddInput("x", ElementType.Float32, TinyModels.Batched("batch", 4)), "x", 0.02, 64);
        var (w1, scale) = Quantized(graph, "w1", type, perChannel ? 0 : null, 6, 4);
        var biasScale = graph.AddInitializer("b1.scale", Tensor.Floats([.. scale.Dims], Array.ConvertAll(scale.ToFloat32(), s => s * 0.02f)));
        var bias = graph.AddInitializer("b1", new Tensor(ElementType.Int32, [6], new byte[] { 9, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 7, 1, 0, 0, 1, 2, 0, 0, 255, 255, 255, 255 }));
        var b1 = graph.Emit("DequantizeLinear", [bias, biasScale], ("axis", 0)).As(ElementType.Float32);
        var hidden = Activation(graph.Emit("Relu", [graph.Emit("Gemm", [x, w1, b1], ("transB", 1))]), "hidden", 0.02, 0);
        return TinyModels.Finish(graph, hidden.MatMul(Quantized(graph, "w2", type, perChannel ? 1 : null, 6, 3).Weight), TinyModels.Batched("batch", 3));
    }

    private static Value Stored(Graph graph, string name, ElementType type, params long[] dims)
    {
        var plain = TinyModels.Weight(graph, name, dims);
        (plain.Initializer, plain.Type) = (new(type, dims, FloatBytes.Encode(type, plain.Initializer!.As<float>())), type);
        return plain;
    }

    private static (Value Weight, Tensor Scale) Quantized(Graph graph, string name, ElementType type, int? axis, params long[] dims)
    {
        var random = new Random(name[1]);
        if (QuantizationGrid.Limits(type) is not var (least, largest))
            return SmallFloats(graph, name, type, random, dims);
        var count = axis is { } a ? (int)dims[a] : 1;
        var range = 1.0 / (largest - least);
        var scale = Tensor.Floats(axis is null ? [] : [count], [.. Enumerable.Range(0, count).Select(i => (float)((1 + 0.1 * i) * range))]);
        var zero = (least + largest + 1) / 2;
        var integers = Enumerable.Range(0, (int)Tensor.ElementCount(dims)).Select(_ => random.NextInt64(least, largest));
        var weight = graph.AddInitializer(name, new Tensor(type, dims, Bytes(type, integers)));
        var zeros = graph.AddInitializer($"{name}.zero", new Tensor(type, [.. scale.Dims], Bytes(type, Enumerable.Repeat(zero, count))));
        return (graph.Emit("DequantizeLinear", [weight, graph.AddInitializer($"{name}.scale", scale), zeros], ("axis", axis ?? 0)).As(ElementType.Float32), scale);
    }

    private static byte[] Bytes(ElementType type, IEnumerable<long> integers) => type.IsHalfByte()
        ? [.. integers.Chunk(2).Select(pair => (byte)((pair[0] & 15) | (pair.ElementAtOrDefault(1) << 4)))]
        : [.. integers.SelectMany(q => BitConverter.GetBytes(q)[..type.Size()])];

    // Numbers of magnitudes up to about 1, of either sign.
    private static (Value Weight, Tensor Scale) SmallFloats(Graph graph, string name, ElementType type, Random random, long[] dims)
    {
        var codes = Enumerable.Range(0, (int)Tensor.ElementCount(dims)).Select(_ => (byte)(random.Next(0x28, 0x38) | (random.Next(2) << 7))).ToArray();
        var (weight, scale) = (graph.AddInitializer(name, new Tensor(type, dims, codes)), Tensor.Scalar(0.5, ElementType.Float32));
        var zero = graph.AddInitializer($"{name}.zero", new Tensor(type, [], new byte[1]));
        return (graph.Emit("DequantizeLinear", [weight, graph.AddInitializer($"{name}.scale", scale), zero]).As(ElementType.Float32), scale);
    }

    private static Value Activation(Value x, string name, double scale, byte zero)
    {
        var s = x.Graph.AddInitializer($"{name}.scale", Tensor.Scalar(scale, ElementType.Float32));
        var z = x.Graph.AddInitializer($"{name}.zero", new Tensor(ElementType.UInt8, [], new[] { zero }));
        var integers = x.Graph.Emit("QuantizeLinear", [x, s, z]).As(ElementType.UInt8);
        return x.Graph.Emit("DequantizeLinear", [integers, s, z]).As(ElementType.Float32);
    }
}
