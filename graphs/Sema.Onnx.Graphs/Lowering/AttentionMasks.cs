namespace Sema.Onnx.Graphs.Lowering;

/// <summary>What ONNX Runtime's Attention and MultiHeadAttention add to the scores.</summary>
/// <param name="Y">The node.</param>
/// <param name="Queries">How many queries, S.</param>
/// <param name="Keys">How many keys, T.</param>
/// <param name="Start">The first query's position among the keys.</param>
internal sealed record AttentionMasks(Node Y, Value Queries, Value Keys, Value Start)
{
    /// <summary>The scores with the bias, the padding and, where the node is unidirectional, the keys after a query.</summary>
    internal Value Added(Value scores, Value? padding, Value? bias)
    {
        double filter = Y.Float("mask_filter_value", -10000);
        if (bias is not null)
            scores += bias;
        if (padding is not null)
            scores += Heads.Additive(PaddingMask.Counting(Y, padding, Y.Size(Y[0], 0), Keys), scores, filter);
        if (Y.Int("unidirectional", 0) != 0)
            scores += Heads.Additive(Heads.Causal(Start, Queries, Keys), scores, float.MinValue);
        return scores;
    }
}
