using Sema.Onnx.Graphs;
using static Sema.Onnx.Training.TinyModels;

namespace Sema.Onnx.Training;

/// <summary>Transformers as ONNX Runtime's optimizer leaves them, of one block: x [batch, 4], of which the whole part counts, → y [batch, 3].</summary>
internal static class FusedModels
{
    private const string Runtime = "com.microsoft";

    internal static Model Of(string kind) => kind == "bert" ? Bert() : Gpt();

    /// <summary>EmbedLayerNormalization → Attention → SkipLayerNormalization → FastGelu → SkipLayerNormalization → mean → FusedGemm.</summary>
    private static Model Bert()
    {
        var graph = new Graph("bert");
        var ids = graph.AddInput("x", ElementType.Float32, Batched("batch", Features)).Cast(ElementType.Int32);
        var words = Fused("EmbedLayerNormalization", 2, [ids, null, W("word", 6, 8), W("position", Features, 8), null, W("gamma0", 8), W("beta0", 8)]).Output;
        var attended = Fused("Attention", 1, [words, W("qkv", 8, 24), W("qkv.bias", 24)], ("num_heads", 2)).Output.MatMul(W("out", 8, 8));
        var first = Fused("SkipLayerNormalization", 1, [attended, words, W("gamma1", 8), W("beta1", 8), W("out.bias", 8)], ("epsilon", 1e-5f)).Output;
        var wide = Fused("FastGelu", 1, [first.MatMul(W("up", 8, 16)), W("up.bias", 16)]).Output;
        var second = Fused("SkipLayerNormalization", 1, [wide.MatMul(W("down", 16, 8)), first, W("gamma2", 8), W("beta2", 8), W("down.bias", 8)]).Output;
        return Finished(graph, Fused("FusedGemm", 1, [second.Mean([1], keep: false), W("head", 8, Classes), W("head.bias", Classes)], ("activation", "Tanh")).Output);

        Value W(string name, params long[] sizes) => Weight(graph, name, sizes);
        Node Fused(string op, int outputs, Value?[] inputs, params Graphs.Attribute[] attributes) => graph.AddNode(op, Runtime, inputs, attributes, outputs);
    }

    /// <summary>SimplifiedLayerNormalization → GroupQueryAttention, packed and rotary → SkipSimplifiedLayerNormalization → QuickGelu → FusedMatMul → mean → head.</summary>
    private static Model Gpt()
    {
        var graph = new Graph("gpt");
        var ids = graph.AddInput("x", ElementType.Float32, Batched("batch", Features)).Cast(ElementType.Int64);
        var words = W("word", 6, 32).Gather(ids, 0);
        var normal = graph.Emit("SimplifiedLayerNormalization", [words, W("gamma0", 32)]);
        var last = Int32("last", [1], Features - 1).Expand(ids.DynamicShape().Slice(0, 0, 1));
        var attended = Fused("GroupQueryAttention", 3, [normal.MatMul(W("qkv", 32, 64)), null, null, null, null, last, Int32("total", [], Features), W("cos", 8, 8), W("sin", 8, 8)],
            ("num_heads", 2), ("kv_num_heads", 1), ("do_rotary", 1)).Output.MatMul(W("out", 32, 32));
        var skip = Fused("SkipSimplifiedLayerNormalization", 4, [attended, words, W("gamma1", 32)], ("epsilon", 1e-5f));
        foreach (var unused in new[] { 1, 2 })
        {
            graph.Remove(skip.Outputs[unused]!);
            skip.Outputs[unused] = null;
        }

        var wide = Fused("QuickGelu", 1, [skip.Output.MatMul(W("up", 32, 8))]).Output;
        var sum = Fused("FusedMatMul", 1, [wide, W("down", 32, 8)], ("transB", 1), ("alpha", 0.5f)).Output + skip.Outputs[3]!;
        return Finished(graph, sum.Mean([1], keep: false).MatMul(W("head", 32, Classes)));

        Value W(string name, params long[] sizes) => Weight(graph, name, sizes);
        Value Int32(string name, long[] sizes, int value) => graph.AddInitializer(name, new Tensor(ElementType.Int32, sizes, BitConverter.GetBytes(value)));
        Node Fused(string op, int outputs, Value?[] inputs, params Graphs.Attribute[] attributes) => graph.AddNode(op, Runtime, inputs, attributes, outputs);
    }

    private static Model Finished(Graph graph, Value output)
    {
        var model = Finish(graph, output, Batched("batch", Classes));
        model.Opsets[Runtime] = 1;
        foreach (var value in graph.Values.Where(v => v.Producer is not null && v != output))
            (value.Type, value.Shape) = (ElementType.Undefined, null);
        output.Type = ElementType.Float32;
        return model;
    }
}
