using Sema.Onnx.Graphs.Passes;

namespace Sema.Onnx.Graphs.Lowering;

/// <summary>What ONNX Runtime's dynamic quantisation leaves, as float operators behind DequantizeLinear; <see cref="FakeQuantization"/> does the rest.</summary>
internal static class QuantizedProducts
{
    // y = x̂ ŵ + b, x rounded to the 256 steps of its own range
    internal static IReadOnlyList<Value?> DynamicMatMul(Node y) =>
        [Biased(Rounded(y[0]).MatMul(Weight(y, y[1], y[2], y.Optional(3))), y.Optional(4))];

    // The same, of integers that are there already.
    internal static IReadOnlyList<Value?> MatMul(Node y) =>
        [Biased(Weight(y, y[0], y[2], y.Optional(4)).MatMul(Weight(y, y[1], y[3], y.Optional(5))), y.Optional(6))];

    // com.microsoft.Attention of x̂ and ŵ
    internal static IReadOnlyList<Value?> Attention(Node y)
    {
        Value x = Weight(y, y[0], y[3], y.Optional(6)), w = Weight(y, y[1], y[4], y.Optional(7));
        var attention = new Node(y.Graph, y.OpType, y.Domain, [x, w, y[2], y.Optional(5), y.Optional(8)], y.Attributes) { Name = y.Name };
        attention.Outputs.AddRange(y.Outputs);
        return SelfAttention.Lower(attention);
    }

    /// <summary>
    /// The LSTM of x̂, ŵ and r̂, as steps: the hidden state is rounded before each, in the range that it has over the batch then.
    /// </summary>
    /// <remarks>
    /// ONNX Runtime cuts a larger batch into as many parts as it has threads, each with a range of its own; this is what one thread computes.
    /// Here sequences that have ended still count for the range of the state.
    /// </remarks>
    internal static IReadOnlyList<Value?> Lstm(Node y)
    {
        var lengths = y.Optional(4);
        var x = Rounded(lengths is null ? y[0] : y[0].Masked(y[0].Length(0).Counted().Less(Most(lengths.Cast(ElementType.Int64))).Unsqueeze(1, 2)));
        Value w = Gates(y, 1, 8), r = Gates(y, 2, 10);
        return DoubleRecurrence.Lstm(new(y.Graph, y.OpType, y.Domain, [x, w, r, .. Enumerable.Range(3, 5).Select(y.Optional)], y.Attributes) { Name = y.Name }, Rounded);
    }

    // [D, inputs, 4·H] with a scale a direction or a column, as the LSTM's [D, 4·H, inputs].
    private static Value Gates(Node y, int input, int scales)
    {
        Value w = y[input], scale = y[scales];
        Value? zero = y.Optional(scales + 1);
        if (y.RankOf(scale) == 1)
            return FakeQuantization.Dequantize(w, scale, zero, 0).Transpose(0, 2, 1);
        // One block over all inputs: [D, 1, 4·H].
        return w.Graph.Emit("DequantizeLinear", [w, Column(scale), zero is null ? null : Column(zero)], ("axis", 1), ("block_size", y.Size(w, 1)))
            .As(ElementType.Float32).Transpose(0, 2, 1);

        Value Column(Value perColumn)
        {
            var constant = perColumn.Initializer ?? throw y.Refused($"its input '{perColumn.Name}' is no constant, which is not supported");
            return w.Graph.AddInitializer(w.Graph.UniqueName($"{perColumn.Name}_column"), new Tensor(constant.Type, [constant.Dims[0], 1, constant.Dims[1]], constant.Data));
        }
    }

    // What integers stand for; their shape is known still.
    private static Value Weight(Node y, Value integers, Value scale, Value? zero)
    {
        if (scale.Shape is { Rank: > 1 })
            throw y.Refused($"scales of shape {scale.Shape} ('{scale.Name}') are not supported");
        var floats = FakeQuantization.Dequantize(integers, scale, zero, -1);
        floats.Shape = integers.Shape;
        return floats;
    }

    private static Value Rounded(Value x)
    {
        var q = x.Graph.AddNode("DynamicQuantizeLinear", "", [x], [], 3).Outputs;
        q[0]!.Type = q[2]!.Type = ElementType.UInt8;
        return FakeQuantization.Dequantize(q[0]!, q[1]!, q[2], 1);
    }

    private static Value Most(Value lengths) => lengths.Graph.Emit("ReduceMax", [lengths], ("keepdims", 0));

    private static Value Biased(Value y, Value? bias) => bias is null ? y : y + bias;
}
