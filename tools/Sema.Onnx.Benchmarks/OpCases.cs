using Attribute = Sema.Onnx.Graphs.Attribute;

namespace Sema.Onnx.Benchmarks;

/// <summary>The operators as they occur in ResNet-18 and ResNet-50, MobileNetV2, a transformer and an LSTM.</summary>
internal static class OpCases
{
    private static readonly long[] First = [0], Second = [1], Third = [2];

    internal static IEnumerable<OpCase> All =>
    [
        .. Convolutions(32, 64, 32, 64, 3, 1, 1), .. Convolutions(32, 256, 8, 256, 3, 1, 1), .. Convolutions(32, 512, 4, 512, 3, 1, 1),
        .. Convolutions(64, 32, 28, 32, 3, 1, 1), .. Convolutions(64, 64, 14, 64, 3, 1, 1), .. Convolutions(16, 16, 48, 96, 1, 1, 1),
        .. Convolutions(16, 144, 24, 24, 1, 1, 1), .. Convolutions(8, 2048, 7, 512, 1, 1, 1), .. Convolutions(8, 1024, 14, 256, 1, 1, 1),
        .. Convolutions(32, 64, 32, 128, 3, 2, 1), .. Convolutions(8, 256, 56, 64, 1, 1, 1), .. Convolutions(8, 3, 224, 64, 7, 2, 1),
        .. Convolutions(16, 144, 24, 144, 3, 1, 144), .. Convolutions(16, 576, 6, 576, 3, 1, 576), .. Convolutions(16, 960, 3, 960, 3, 1, 960), .. Convolutions(16, 96, 48, 96, 3, 2, 96),
        new("ReluGrad", [[32, 64, 32, 32], [32, 64, 32, 32]], 0),
        .. BatchNormalization(32, 64, 32, 32), .. BatchNormalization(16, 96, 48, 48), .. LayerNormalization(2080, 192), .. LayerNormalization(1024, 192),
        new("SoftmaxGrad", [[24, 128, 128], [24, 128, 128]], 0, ("axes", Third)), new("GeluGrad", [[2080, 768], [2080, 768]], 0),
        .. CrossEntropy(1024, 2000), .. Lstm(35, 20, 200),
        .. MaxPool([64, 32, 28, 28], 2, 2, 0), .. MaxPool([8, 64, 112, 112], 3, 2, 1),
        .. Attention(32, 65, 3, 64, []), .. Attention(8, 128, 3, 64, [128, 128]), .. Attention(1, 1024, 8, 64, []),
        .. new[] { (2080L, 768L, 192L), (2080, 192, 768), (2080, 576, 192), (2080, 192, 192), (1024, 2000, 192), (64, 512, 512) }.Select(s =>
            new OpCase("LinearWeightGrad", [[s.Item1, s.Item2], [s.Item1, s.Item3]], 2.0 * s.Item1 * s.Item2 * s.Item3)),
    ];

    private static IEnumerable<OpCase> BatchNormalization(params long[] x)
    {
        Attribute[] attributes = [("epsilon", 1e-5f), ("axes", new[] { 0L, 2, 3 })];
        Attribute[] clipped = [.. attributes, ("low", 0f), ("high", 6f)];
        long[] c = [x[1]];
        yield return new("BatchNormalizationTraining", [x, c, c], 0, attributes);
        yield return new("BatchNormalizationTrainingGrad", [x, x, c, c, c], 0, attributes);
        yield return new("BatchNormalizationClipTraining", [x, c, c], 0, clipped);
        yield return new("BatchNormalizationClipTrainingGrad", [x, x, c, c, c, c], 0, clipped);
    }

    private static IEnumerable<OpCase> LayerNormalization(long rows, long columns)
    {
        long[] x = [rows, columns], scale = [columns], each = [rows, 1];
        yield return new("LayerNormalizationTraining", [x, scale, scale], 0, ("epsilon", 1e-5f), ("axis", 1L));
        yield return new("LayerNormalizationGrad", [x, x, scale, each, each], 0, ("axes", Second), ("batch_axes", First));
    }

    private static IEnumerable<OpCase> CrossEntropy(long rows, long classes)
    {
        Attribute[] attributes = [("ignore_index", -100L), ("label_smoothing", 0f)];
        yield return new("CrossEntropy", [[rows, classes], [rows]], 0, attributes) { Integers = { [1] = classes } };
        yield return new("CrossEntropyGrad", [[], [rows, classes], [rows], []], 0, attributes) { Integers = { [2] = classes } };
    }

    // One direction: the product with the recurrent weights at every step, forward and backward.
    private static IEnumerable<OpCase> Lstm(long steps, long batch, long cells)
    {
        long[] gates = [1, steps, batch, 4 * cells], each = [1, steps, batch, cells], state = [1, batch, cells], weights = [1, 4 * cells, cells];
        var flops = 8.0 * steps * batch * cells * cells;
        yield return new("LSTMTraining", [gates, [1, 4 * cells], state, state, weights], flops);
        yield return new("LSTMTrainingGrad", [each, state, state, gates, each, state, weights], flops);
    }

    private static IEnumerable<OpCase> MaxPool(long[] x, long kernel, long stride, long pad) =>
        [new("MaxPoolTraining", [x], 0, ("kernel_shape", new[] { kernel, kernel }), ("strides", new[] { stride, stride }), ("pads", new[] { pad, pad, pad, pad }))];

    // Two products forward; five backward, where the scores are computed again.
    private static IEnumerable<OpCase> Attention(long batch, long length, long heads, long columns, long[] mask)
    {
        long[] packed = [batch, length, 3, heads, columns], y = [batch, length, heads, columns];
        var flops = 2.0 * batch * heads * length * length * columns;
        yield return new("PackedAttention", [packed, [], mask], 2 * flops);
        yield return new("PackedAttentionGrad", [y, packed, [], mask], 5 * flops);
    }

    private static IEnumerable<OpCase> Convolutions(long batch, long channels, long size, long outputs, long kernel, long stride, long groups)
    {
        var (before, after) = ((kernel - 1) / 2, ((size + (2 * ((kernel - 1) / 2)) - kernel) / stride) + 1);
        long[] x = [batch, channels, size, size], w = [outputs, channels / groups, kernel, kernel], y = [batch, outputs, after, after];
        Attribute[] window = [("kernel_shape", new[] { kernel, kernel }), ("pads", new[] { before, before, before, before }), ("dilations", new[] { 1L, 1L }), ("group", groups)];
        Attribute[] strided = [.. window, ("strides", new[] { stride, stride })];
        var flops = 2.0 * batch * outputs * after * after * channels / groups * kernel * kernel;
        var unread = size + (2 * before) - kernel - ((after - 1) * stride);
        yield return new("Convolution", [x, w], flops, strided);
        yield return stride == 1 ? new("ConvInputGradUnit", [y, w], flops, window)
            : new("ConvInputGrad", [y, w], flops, [.. strided, ("output_padding", new[] { unread, unread })]);
        yield return new("ConvWeightGrad", [x, y], flops, strided);
    }
}
