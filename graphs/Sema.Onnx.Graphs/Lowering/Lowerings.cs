using Sema.Onnx.Graphs.Upgrade;

namespace Sema.Onnx.Graphs.Lowering;

/// <summary>Writes an operator in standard operators of opset <see cref="Model.Opset"/>, appended to the node's graph.</summary>
/// <param name="y">The node; where it asks for the rank or a size of an input, the runtime's shapes must be known.</param>
/// <returns>What stands for its outputs, in their order; <see langword="null"/>, or nothing, for one that cannot be had.</returns>
internal delegate IReadOnlyList<Value?> Lower(Node y);

/// <summary>How an operator is written in others.</summary>
/// <param name="Write">Writes it.</param>
/// <param name="Inputs">How many inputs, from the first, it knows.</param>
/// <param name="Attributes">The attributes that it knows.</param>
internal sealed record Lowering(Lower Write, int Inputs, params string[] Attributes);

/// <summary>The operators that are written in others before a graph is differentiated; each means what ONNX Runtime's CPU kernel computes.</summary>
/// <remarks>
/// A row lists how many inputs it knows and which attributes; a node that gives more is refused, so that nothing is left out in silence.
/// Those of <c>com.microsoft</c> are what ONNX Runtime's optimizer and exporters built on it leave in a model; those of the standard are
/// newer than opset 21; those that it gave up are in <see cref="Upgrade.Experiments"/>. Weights stay inputs of the new nodes, so that they keep name and shape.
/// </remarks>
internal static class Lowerings
{
    /// <summary>The domain of ONNX Runtime's own operators.</summary>
    internal const string RuntimeDomain = "com.microsoft";

    /// <summary>Gets the lowerings by operator, with its domain.</summary>
    internal static IReadOnlyDictionary<string, Lowering> Table { get; } = new Dictionary<string, Lowering>
    {
#pragma warning disable format // a table: aligned columns
        // Products
        ["com.microsoft.FusedMatMul"] = new(FusedProducts.MatMul, 2, "alpha", "transA", "transB", "transBatchA", "transBatchB"),
        ["com.microsoft.TransposeMatMul"] = new(FusedProducts.MatMul, 2, "alpha", "transA", "transB"),
        ["com.microsoft.FusedGemm"] = new(FusedProducts.Gemm, 3, "alpha", "beta", "transA", "transB", "activation", "activation_alpha", "activation_beta", "activation_gamma"),
        ["com.microsoft.FusedConv"] = new(FusedProducts.Conv, 4, "auto_pad", "dilations", "group", "kernel_shape", "pads", "strides", "activation", "activation_params"),
        ["com.microsoft.ConvTransposeWithDynamicPads"] = new(FusedProducts.ConvTranspose, 4, "auto_pad", "dilations", "group", "kernel_shape", "output_padding", "strides"),

        // Elementwise
        ["com.microsoft.Gelu"] = new(y => [y.Graph.Emit("Gelu", [y[0]])], 1),
        ["com.microsoft.BiasGelu"] = new(y => [y.Graph.Emit("Gelu", [y[0] + y[1]])], 2),
        ["com.microsoft.FastGelu"] = new(y => [y.Graph.Emit("Gelu", [y.Optional(1) is { } bias ? y[0] + bias : y[0]], ("approximate", "tanh"))], 2),
        ["com.microsoft.QuickGelu"] = new(y => [Swish(y[0], y.Float("alpha", 1.702f))], 1, "alpha"),
        ["Swish"] = new(y => [Swish(y[0], y.Float("alpha", 1))], 1, "alpha"),

        // Movers
        ["com.microsoft.ExpandDims"] = new(y => [y.Graph.Emit("Unsqueeze", [y[0], y[1].Cast(ElementType.Int64).Reshape(-1)])], 2),
        ["com.microsoft.GatherND"] = new(y => [y.Graph.Emit("GatherND", y.Inputs)], 2),
        ["com.microsoft.GridSample"] = new(y => [ResizeAdapters.NewModeNames((Node)y.Graph.Emit("GridSample", y.Inputs, y.Attributes).Producer!).Output], 2, "mode", "padding_mode", "align_corners"),
        ["com.microsoft.Pad"] = new(Images.Padded, 3, "mode"),
        ["com.microsoft.Trilu"] = new(y => [y.Graph.Emit("Trilu", y.Inputs, y.Attributes)], 2, "upper"),

        // Normalisation
        ["RMSNormalization"] = new(y => [LayerNormalizations.RootMeanSquare(y)[0]], 2, "axis", "epsilon", "stash_type"),
        ["SimplifiedLayerNormalization"] = new(LayerNormalizations.RootMeanSquare, 2, "axis", "epsilon", "stash_type"),
        ["com.microsoft.SkipLayerNormalization"] = new(LayerNormalizations.Skip, 5, "epsilon"),
        ["com.microsoft.SkipSimplifiedLayerNormalization"] = new(LayerNormalizations.SkipRootMeanSquare, 4, "epsilon"),
        ["com.microsoft.EmbedLayerNormalization"] = new(LayerNormalizations.Embed, 9, "epsilon", "mask_index_type"),

        // Attention
        ["Attention"] = new(StandardAttention.Lower, 7, "is_causal", "kv_num_heads", "q_num_heads", "qk_matmul_output_mode", "scale", "softcap", "softmax_precision"),
        ["com.microsoft.Attention"] = new(SelfAttention.Lower, 6, "do_rotary", "mask_filter_value", "num_heads", "past_present_share_buffer", "qkv_hidden_sizes", "rotary_embedding_dim", "scale", "unidirectional"),
        ["com.microsoft.MultiHeadAttention"] = new(MultiHeadAttention.Lower, 8, "mask_filter_value", "num_heads", "scale", "unidirectional"),
        ["com.microsoft.GroupQueryAttention"] = new(GroupQueryAttention.Lower, 12, "do_rotary", "kv_num_heads", "local_window_size", "num_heads", "qk_output", "rotary_interleaved", "scale", "sliding_window_cache", "smooth_softmax", "softcap"),
        ["RotaryEmbedding"] = new(Rotary.Standard, 4, "interleaved", "num_heads", "rotary_embedding_dim"),
        ["com.microsoft.RotaryEmbedding"] = new(Rotary.Runtime, 4, "interleaved", "is_packed_batching", "num_heads", "rotary_embedding_dim", "scale"),

        // What quantisation leaves
        ["com.microsoft.DynamicQuantizeLSTM"] = new(QuantizedProducts.Lstm, 12, "activation_alpha", "activation_beta", "activations", "clip", "direction", "hidden_size", "input_forget"),
        ["com.microsoft.DynamicQuantizeMatMul"] = new(QuantizedProducts.DynamicMatMul, 5),
        ["com.microsoft.GatherBlockQuantized"] = new(PackedWeights.Gather, 4, "bits", "block_size", "gather_axis", "quantize_axis"),
        ["com.microsoft.MatMulNBits"] = new(PackedWeights.MatMul, 6, "K", "N", "accuracy_level", "bits", "block_size", "weight_prepacked"),
        ["com.microsoft.MatMulIntegerToFloat"] = new(QuantizedProducts.MatMul, 7),
        ["com.microsoft.QAttention"] = new(QuantizedProducts.Attention, 9, "do_rotary", "mask_filter_value", "num_heads", "past_present_share_buffer", "scale", "unidirectional"),
#pragma warning restore format
    };

    /// <summary>Gets every operator that is written in others, sorted by name.</summary>
    internal static IEnumerable<string> Operators => Table.Keys.Order(StringComparer.Ordinal);

    /// <summary>Gets whether a model holds such an operator; its form is told by the ranks of its inputs, which must be learnt first.</summary>
    internal static bool Occur(Model model) => model.Functions.Select(f => f.Body).Prepend(model.Graph).Any(Occur);

    /// <summary>Puts standard operators in a node's place.</summary>
    /// <exception cref="InvalidModelException">The node has a form, an input or an output that is not supported; the sentence says which.</exception>
    internal static void Replace(Node node)
    {
        for (var i = 0; i < node.Inputs.Count; i++)
        {
            // Operators append to the graph of their first input, and this one may stand in a graph around.
            if (node.Inputs[i] is { } outer && outer.Graph != node.Graph)
                (node.Inputs[i], node.Inputs[i]!.Shape) = (node.Graph.Emit("Identity", [outer]), outer.Shape);
        }

        var lowering = Table[node.QualifiedType];
        if (node.Attributes.FirstOrDefault(a => !lowering.Attributes.Contains(a.Name)) is { } attribute)
            throw node.Refused($"the attribute '{attribute.Name}' is not supported");
        if (node.Inputs.Skip(lowering.Inputs).FirstOrDefault(i => i is not null) is { } input)
            throw node.Refused($"its input {node.Inputs.IndexOf(input)} ('{input.Name}') is not supported");

        var before = node.Graph.Nodes.ToHashSet();
        var made = lowering.Write(node);
        for (var i = 0; i < node.Outputs.Count; i++)
        {
            if (node.Outputs[i] is { } output && i >= made.Count | made.ElementAtOrDefault(i) is null && node.IsRead(output))
                throw node.Refused($"its output {i} ('{output.Name}') is read, which is not supported");
        }

        node.ReplacedBy([.. made.Select(v => v is null || IsFree(v) ? v : v.Identity())]);

        // A value that is no new node's, or that another new node reads, cannot take the output's name.
        bool IsFree(Value value) => value.Producer is { } maker && !before.Contains(maker)
            && made.Count(v => v == value) == 1 && !node.Graph.Nodes.Any(n => n.Inputs.Contains(value));
    }

    private static bool Occur(Graph graph) =>
        graph.Nodes.Any(n => Table.ContainsKey(n.QualifiedType) || n.Subgraphs().Any(Occur));

    private static Value Swish(Value x, double alpha) => x * (alpha == 1 ? x : x * alpha).Sigmoid();
}
