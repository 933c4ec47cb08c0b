using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Lowering;
using Sema.Onnx.Training;

namespace Sema.Onnx.Export;

/// <summary>Small classifiers of vectors [batch, 4] with 3 classes, quantised as ONNX Runtime's own tools leave them.</summary>
internal static class RuntimeQuantizedModels
{
    /// <summary>Gets the models, with the weights that they store in few bits.</summary>
    internal static IReadOnlyDictionary<string, (Func<Model> Model, string[] Weights)> All { get; } = new Dictionary<string, (Func<Model>, string[])>
    {
        ["DynamicQuantizeLSTM"] = (() => Lstm(bidirectional: true, byColumn: false), ["w", "r", "head"]),
        ["DynamicQuantizeLSTM by column"] = (() => Lstm(bidirectional: false, byColumn: true), ["w", "r", "head"]),
        ["QAttention"] = (Attention, ["w", "head"]),
        ["MatMulNBits, 4 bits"] = (() => NBits(4), ["w", "head"]),
        ["MatMulNBits, 8 bits"] = (() => NBits(8), ["w", "head"]),
        ["MatMulNBits, 8-bit activations"] = (() => NBits(4, accuracyLevel: 4), ["w", "head"]),
        ["GatherBlockQuantized"] = (Rows, ["table", "head"]),
    };

    // Four steps of one feature.
    private static Model Lstm(bool bidirectional, bool byColumn)
    {
        const int Hidden = 4;
        var (graph, directions) = (new Graph("lstm"), bidirectional ? 2 : 1);
        var x = Steps(graph).Transpose(1, 0, 2);
        long[] scales = byColumn ? [directions, 4 * Hidden] : [directions];
        var (w, ws, wz) = Weight(graph, "w", scales, directions, 1, 4 * Hidden);
        var (r, rs, rz) = Weight(graph, "r", scales, directions, Hidden, 4 * Hidden);
        var bias = TinyModels.Weight(graph, "b", directions, 8 * Hidden);
        var h = graph.AddNode("DynamicQuantizeLSTM", Lowerings.RuntimeDomain, [x, w, r, bias, null, null, null, null, ws, wz, rs, rz],
            [("hidden_size", (long)Hidden), ("direction", bidirectional ? "bidirectional" : "forward")], 3).Outputs[1]!;
        return Head(h.Transpose(1, 0, 2).Reshape(-1, directions * Hidden), directions * Hidden);
    }

    private static Model Attention()
    {
        var graph = new Graph("attention");
        var q = graph.AddNode("DynamicQuantizeLinear", "", [Steps(graph)], [], 3).Outputs;
        var (w, scale, zero) = Weight(graph, "w", [], 1, 12);
        var y = graph.AddNode("QAttention", Lowerings.RuntimeDomain, [q[0], w, TinyModels.Weight(graph, "b", 12), q[1], scale, null, q[2], zero], [("num_heads", 2L)], 1).Output;
        return Head(y.As(ElementType.Float32).Reshape(-1, 16), 16);
    }

    // Of a row of 16 numbers 4 are read, and the bias is plain.
    private static Model NBits(int bits, long accuracyLevel = 0)
    {
        var graph = new Graph("nbits");
        var x = graph.AddInput("x", ElementType.Float32, TinyModels.Batched("batch", TinyModels.Features));
        var w = graph.AddInitializer("w", new Tensor(ElementType.UInt8, [8, 1, 2 * bits], Bytes(16 * bits)));
        var scale = graph.AddInitializer("w.scale", Tensor.Floats([8, 1], [.. Enumerable.Range(1, 8).Select(i => (i % 2 == 0 ? -0.3f : 0.2f) / (1 << (bits - 4)))]));
        var y = graph.AddNode("MatMulNBits", Lowerings.RuntimeDomain, [x, w, scale, null, null, TinyModels.Weight(graph, "b", 8)],
            [("K", 4L), ("N", 8L), ("bits", (long)bits), ("block_size", 16L), ("accuracy_level", accuracyLevel)], 1).Output;
        return Head(y.As(ElementType.Float32).Tanh(), 8);
    }

    // Which side of 0 the first feature is on chooses a row.
    private static Model Rows()
    {
        var graph = new Graph("rows");
        var x = graph.AddInput("x", ElementType.Float32, TinyModels.Batched("batch", TinyModels.Features));
        var table = graph.AddInitializer("table", new Tensor(ElementType.UInt8, [2, 8], Bytes(16)));
        var scale = graph.AddInitializer("table.scale", Tensor.Floats([2, 1], [0.1f, 0.15f]));
        var row = x.Slice(1, 0, 1).Greater(x.Like(0)).Cast(ElementType.Int64).Reshape(-1);
        var y = graph.AddNode("GatherBlockQuantized", Lowerings.RuntimeDomain, [table, row, scale], [("block_size", 16L), ("bits", 4L)], 1).Output.As(ElementType.Float32);
        return Head(Operators.Concat([y, x], 1), 20);
    }

    private static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(3).NextBytes(bytes);
        return bytes;
    }

    private static Value Steps(Graph graph) => graph.AddInput("x", ElementType.Float32, TinyModels.Batched("batch", TinyModels.Features)).Reshape(-1, 4, 1);

    private static Model Head(Value x, int features)
    {
        var (w, scale, zero) = Weight(x.Graph, "head", [], features, TinyModels.Classes);
        var y = x.Graph.AddNode("DynamicQuantizeMatMul", Lowerings.RuntimeDomain, [x, w, scale, zero, TinyModels.Weight(x.Graph, "bias", TinyModels.Classes)], [], 1).Output;
        var model = TinyModels.Finish(x.Graph, y.As(ElementType.Float32), TinyModels.Batched("batch", TinyModels.Classes));
        model.Opsets[Lowerings.RuntimeDomain] = 1;
        return model;
    }

    private static (Value Weight, Value Scale, Value Zero) Weight(Graph graph, string name, long[] scales, params long[] dims)
    {
        var random = new Random(name[0]);
        var bytes = new byte[Tensor.ElementCount(dims)];
        random.NextBytes(bytes);
        var count = (int)Tensor.ElementCount(scales);
        return (graph.AddInitializer(name, new Tensor(ElementType.Int8, dims, bytes)),
            graph.AddInitializer($"{name}.scale", Tensor.Floats(scales, [.. Enumerable.Range(1, count).Select(i => 0.005f + 0.0005f * i)])),
            graph.AddInitializer($"{name}.zero", new Tensor(ElementType.Int8, scales, new byte[count])));
    }
}
