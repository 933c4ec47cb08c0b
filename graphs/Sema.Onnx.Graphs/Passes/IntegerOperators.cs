using static Sema.Onnx.Graphs.Passes.FakeQuantization;

namespace Sema.Onnx.Graphs.Passes;

/// <summary>Writes operators that compute in integers as the float operators that they stand for, between QuantizeLinear and DequantizeLinear.</summary>
/// <remarks>What they compute stays, but for sums that float32 rounds: integers are summed exactly.</remarks>
internal static class IntegerOperators
{
#pragma warning disable format // a table: aligned columns
    private static readonly Dictionary<string, Func<Node, Value>> Lowerings = new()
    {
        ["QLinearConv"]                             = y => Quantized(y, 6, Convolution(y)),
        ["QLinearMatMul"]                           = y => Quantized(y, 6, Float(y, 0, -2).MatMul(Float(y, 3, -1))),
        ["com.microsoft.QLinearConv"]               = y => Quantized(y, 6, Convolution(y)),
        ["com.microsoft.QLinearAdd"]                = y => Quantized(y, 6, Float(y, 0) + Float(y, 3)),
        ["com.microsoft.QLinearMul"]                = y => Quantized(y, 6, Float(y, 0) * Float(y, 3)),
        ["com.microsoft.QLinearSigmoid"]            = y => Quantized(y, 3, Float(y, 0).Sigmoid()),
        ["com.microsoft.QLinearLeakyRelu"]          = y => Quantized(y, 3, Same(y, "LeakyRelu", Float(y, 0))),
        ["com.microsoft.QLinearGlobalAveragePool"]  = y => Quantized(y, 3, Last(y, Same(y, "GlobalAveragePool", First(y)))),
        ["com.microsoft.QLinearAveragePool"]        = y => Quantized(y, 3, Last(y, Same(y, "AveragePool", First(y)))),
        ["com.microsoft.QLinearSoftmax"]            = y => Quantized(y, 3, Softmax(y)),
        ["com.microsoft.QLinearWhere"]              = y => Quantized(y, 7, y[0].Where(Float(y, 1), Float(y, 4))),
        ["com.microsoft.QLinearConcat"]             = y => Quantized(y, 0, Same(y, "Concat", [.. Enumerable.Range(0, (y.Inputs.Count - 2) / 3).Select(i => Float(y, 2 + 3 * i))])),
        ["com.microsoft.QGemm"]                     = y => Quantized(y, 7, Product(y)),
    };
#pragma warning restore format

    /// <summary>Runs the pass.</summary>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Graph graph)
    {
        var nodes = graph.Nodes.Where(n => Lowerings.ContainsKey(n.QualifiedType)).ToList();
        foreach (var node in nodes)
            graph.ReplaceNode(node, () => [Lowerings[node.QualifiedType](node)]);
        return nodes.Count > 0 | DynamicQuantization.Run(graph);
    }

    /// <summary>Gets a sentence about an operator before a value that still computes in integers, to go after another; empty where there is none.</summary>
    internal static string Left(Value value) => Remaining(value) is { } node
        ? $" The operator '{node.QualifiedType}', node {node.Label}, computes in integers, and no gradient passes it; quantise the model in QDQ form (QuantizeLinear and DequantizeLinear around float operators)."
        : "";

    // The last operator whose integers stand for floats and were not made floats again.
    private static Node? Remaining(Value value)
    {
        var needed = new HashSet<Value> { value };
        foreach (var node in value.Graph.Nodes.AsEnumerable().Reverse().Where(n => n.Outputs.Any(o => o is not null && needed.Contains(o))))
        {
            if (ComputesInIntegers(node))
                return node;
            needed.UnionWith(node.Inputs.OfType<Value>().Concat(node.Captured));
        }

        return null;
    }

    private static bool ComputesInIntegers(Node node) =>
        node.OpType is "QuantizeLinear" or "MatMulInteger" or "ConvInteger" or "QGemm"
        || node.OpType.StartsWith("QLinear", StringComparison.Ordinal);

    private static Value Float(Node y, int input, long axis = 1) => Dequantize(y[input], y[input + 1], y.Optional(input + 2), axis);

    private static Value Quantized(Node y, int scale, Value result)
    {
        if (y.Optional(scale) is not { } given)
            return result;
        var zero = y.Optional(scale + 1);
        return y.Graph.Emit("QuantizeLinear", [result, given, zero]).As(zero?.Type ?? ElementType.UInt8);
    }

    private static Value Same(Node y, string op, params Value[] inputs) => y.Graph.Emit(op, inputs, y.Attributes.Where(a => a.Name != "channels_last"));

    private static Value Convolution(Node y) => Last(y, Same(y, "Conv",
        y.Optional(8) is { } bias ? [First(y), Float(y, 3, 0), Bias(bias, y[1], y[4], 0)] : [First(y), Float(y, 3, 0)]));

    // The image with its channels in front, and the result as they were.
    private static Value First(Node y) => y.Int("channels_last", 0) == 0 ? Float(y, 0)
        : Float(y, 0).Transpose([0, y[0].Rank - 1, .. Enumerable.Range(1, y[0].Rank - 2).Select(i => (long)i)]);

    private static Value Last(Node y, Value result) => y.Int("channels_last", 0) == 0 ? result
        : result.Transpose([0, .. Enumerable.Range(2, y[0].Rank - 2).Select(i => (long)i), 1]);

    // Before opset 13 over all axes from one on.
    private static Value Softmax(Node y)
    {
        if (y.Int("opset", 13) >= 13)
            return y.Graph.Emit("Softmax", [Float(y, 0)], ("axis", y.Int("axis", -1)));
        var rows = Float(y, 0).Reshape([.. Enumerable.Repeat(0L, y.Axis("axis", 1, y[0].Rank)), -1]);
        return y.Graph.Emit("Softmax", [rows], ("axis", -1)).Reshape(y[0].ShapeVector());
    }

    private static Value Product(Node y)
    {
        if (y.Float("alpha", 1) != 1)
            throw new InvalidModelException($"Operator 'QGemm', node {y.Label}: an alpha of {y.Float("alpha", 1)} is not followed. Quantise the model in QDQ form.");
        var factors = new[] { Float(y, 0), Float(y, 3, y.Int("transB", 0) != 0 ? 0 : 1) };
        return y.Graph.Emit("Gemm", y.Optional(6) is { } bias ? [.. factors, Bias(bias, y[1], y[4], -1)] : factors, y.Attributes);
    }

    // Biases are counted in products of both scales.
    private static Value Bias(Value bias, Value one, Value other, long axis)
    {
        if (QuantizationGrid.Constant(one)?.ToFloat32() is not [var factor] || QuantizationGrid.Constant(other) is not { } scales)
            return Dequantize(bias, one * other, null, axis);
        var product = Tensor.Floats([.. scales.Dims], Array.ConvertAll(scales.ToFloat32(), s => factor * s));
        return Dequantize(bias, bias.Graph.AddInitializer(bias.Graph.UniqueName($"{bias.Name}_scale"), product), null, axis);
    }
}
