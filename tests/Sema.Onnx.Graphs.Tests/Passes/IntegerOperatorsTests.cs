using Sema.Onnx.Graphs.Serialization;
using static Sema.Onnx.Graphs.Passes.FakeQuantizationTests;
using static Sema.Onnx.Graphs.QuantizationGridTests;

namespace Sema.Onnx.Graphs.Passes;

/// <summary>Operators in integers before the pass, and floats after it, side by side in ONNX Runtime.</summary>
[TestClass]
public sealed class IntegerOperatorsTests
{
    private const string Contrib = "com.microsoft";

#pragma warning disable format // a table: aligned columns
    private static readonly Dictionary<string, Func<Value, Value>> Cases = new()
    {
        ["QLinearConv"]             = x => Node(x, "QLinearConv", "", [.. Quantized(x, 4), .. Weight(x, 0, 4, 3, 3, 3), .. Into(x), Bias(x, 4)], ("pads", new long[] { 1, 1, 1, 1 })),
        ["QLinearConv of one scale"] = x => Node(x, "QLinearConv", "", [.. Quantized(x, 4), .. Weight(x, null, 4, 3, 3, 3), .. Into(x)]),
        ["QLinearConv, channels last"] = x => Node(x, "QLinearConv", Contrib, [.. Quantized(x.Transpose(0, 2, 3, 1), 4), .. Weight(x, 0, 4, 3, 3, 3), .. Into(x), Bias(x, 4)], ("channels_last", 1L)),
        ["QLinearGlobalAveragePool, channels last"] = x => Node(x, "QLinearGlobalAveragePool", Contrib, [.. Quantized(x, 4), .. Into(x)], ("channels_last", 1L)),
        ["QLinearAveragePool, channels last"] = x => Node(x, "QLinearAveragePool", Contrib, [.. Quantized(x, 4), .. Into(x)], ("kernel_shape", new long[] { 2, 2 }), ("channels_last", 1L)),
        ["QLinearSoftmax"]          = x => Node(x, "QLinearSoftmax", Contrib, [.. Quantized(x, 4), .. Probabilities(x)], ("opset", 13L)),
        ["QLinearSoftmax, an axis"] = x => Node(x, "QLinearSoftmax", Contrib, [.. Quantized(x, 4), .. Probabilities(x)], ("opset", 13L), ("axis", 1L)),
        ["QLinearSoftmax, opset 12"] = x => Node(x, "QLinearSoftmax", Contrib, [.. Quantized(x, 4), .. Probabilities(x)], ("opset", 12L), ("axis", 2L)),
        ["QLinearWhere"]            = x => Node(x, "QLinearWhere", Contrib, [x.Greater(x.Like(0.5)), .. Quantized(x, 4), .. Weight(x, null, 5, 1), .. Into(x)]),
        ["QLinearMatMul"]           = x => Node(x, "QLinearMatMul", "", [.. Quantized(x, 4), .. Weight(x, null, 5, 2), .. Into(x)]),
        ["QLinearAdd"]              = x => Node(x, "QLinearAdd", Contrib, [.. Quantized(x, 4), .. Weight(x, null, 5, 1), .. Into(x)]),
        ["QLinearMul"]              = x => Node(x, "QLinearMul", Contrib, [.. Quantized(x, 4), .. Weight(x, null, 5, 1), .. Into(x)]),
        ["QLinearSigmoid"]          = x => Node(x, "QLinearSigmoid", Contrib, [.. Quantized(x, 4), .. Into(x)]),
        ["QLinearLeakyRelu"]        = x => Node(x, "QLinearLeakyRelu", Contrib, [.. Quantized(x, 4), .. Into(x)], ("alpha", 0.2f)),
        ["QLinearGlobalAveragePool"] = x => Node(x, "QLinearGlobalAveragePool", Contrib, [.. Quantized(x, 4), .. Into(x)]),
        ["QLinearAveragePool"]      = x => Node(x, "QLinearAveragePool", Contrib, [.. Quantized(x, 4), .. Into(x)], ("kernel_shape", new long[] { 2, 2 })),
        ["QLinearConcat"]           = x => Node(x, "QLinearConcat", Contrib, [.. Into(x), .. Quantized(x, 4), .. Quantized(x, 4)], ("axis", 1L)),
        ["QGemm"]                   = x => Node(x.Reshape(-1, 5), "QGemm", Contrib, [.. Quantized(x.Reshape(-1, 5), 4), .. Weight(x, null, 5, 2), Bias(x, 2), .. Into(x)]),
        ["MatMulInteger"]           = x => Dynamic(x, "MatMulInteger", [], 5, 2),
        ["MatMulInteger by column"] = x => Dynamic(x, "MatMulInteger", [2], 5, 2),
        ["ConvInteger"]             = x => Dynamic(x, "ConvInteger", [], 4, 3, 3, 3),
        ["ConvInteger with a bias"] = x => Dynamic(x, "ConvInteger", [], [4, 3, 3, 3], biased: true),
    };
#pragma warning restore format

    public static IEnumerable<object[]> Names => Cases.Keys.Select(name => new object[] { name });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void Computes_the_same_in_floats(string operation)
    {
        var ofSteps = operation is not ("MatMulInteger" or "MatMulInteger by column" or "ConvInteger" or "ConvInteger with a bias");
        var graph = new Graph("integers");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(2, 3, 5, 5));
        graph.Outputs.Add(graph.Renamed(Cases[operation](x), "y"));
        var model = new Model(graph) { Opsets = { [""] = Model.Opset, [Contrib] = 1 } };
        var before = Run(model);
        OnnxRunner.InferShapes(graph);

        Assert.IsTrue(IntegerOperators.Run(graph));
        Assert.IsTrue(FakeQuantization.Run(model));

        Assert.AreEqual("", IntegerOperators.Left(graph.Find("y")!));
        if (graph.Find("w") is not null)
            Assert.AreEqual(ElementType.Float32, graph.Find("w")!.Type);
        var after = Run(model);
        Assert.HasCount(before.Length, after);
        var largest = before.Max(Math.Abs);
        Assert.IsGreaterThan(0.1, largest);
        Assert.AreEqual(0, before.Zip(after, (a, b) => Math.Abs(a - b)).Max(), ofSteps ? 0.0201 : 1e-5 * largest, "More than a step of the result.");
        Assert.IsLessThan(0.02, before.Zip(after, (a, b) => Math.Abs(a - b) > 1e-5 * largest ? 1.0 : 0).Average(), "Only ties may fall to the other side.");
    }

    [TestMethod]
    public void What_is_left_in_integers_is_named()
    {
        var graph = new Graph("left");
        var x = graph.AddInput("x", ElementType.UInt8, Shape.Of(2, 5));
        var y = graph.Emit("MatMulInteger", [x, graph.AddInitializer("w", Integers(ElementType.UInt8, [5, 1], [1, 2, 3, 4, 5]))]).As(ElementType.Int32).Cast(ElementType.Float32);

        Assert.IsFalse(IntegerOperators.Run(graph));

        StringAssert.StartsWith(IntegerOperators.Left(y), " The operator 'MatMulInteger', node that makes 'MatMulInteger', computes in integers");
    }

    private static double[] Run(Model model)
    {
        using var runner = new OnnxRunner(ModelWriter.Write(model));
        return runner.Run(new Dictionary<string, Tensor> { ["x"] = Draw(6, 2, 3, 5, 5) })["y"].ToFloat64();
    }

    // The operator, and its result as floats.
    private static Value Node(Value x, string op, string domain, Value?[] inputs, params Attribute[] attributes)
    {
        var y = x.Graph.AddNode(op, domain, inputs, attributes, 1).Output.As(ElementType.UInt8);
        var (scale, zero) = (x.Graph.Find("y.scale")!, x.Graph.Find("y.zero")!);
        return FakeQuantization.Dequantize(y, scale, zero, 1);
    }

    private static Value[] Quantized(Value x, int range)
    {
        var scale = x.Graph.Scalar(range / 255.0, ElementType.Float32);
        var zero = x.Graph.Find("x.zero") ?? x.Graph.AddInitializer("x.zero", Integers(ElementType.UInt8, [], [128]));
        return [x.Graph.Emit("QuantizeLinear", [x, scale, zero]).As(ElementType.UInt8), scale, zero];
    }

    private static Value[] Weight(Value x, int? axis, params long[] dims)
    {
        var random = new Random(8);
        var w = x.Graph.AddInitializer("w", Integers(ElementType.UInt8, dims, [.. Enumerable.Range(0, (int)Tensor.ElementCount(dims)).Select(_ => random.NextInt64(256))]));
        long[] scales = axis is { } a ? [dims[a]] : [];
        var count = (int)Tensor.ElementCount(scales);
        return
        [
            w, x.Graph.AddInitializer("w.scale", Tensor.Floats(scales, [.. Enumerable.Range(1, count).Select(i => 0.003f * i)])),
            x.Graph.AddInitializer("w.zero", Integers(ElementType.UInt8, scales, [.. Enumerable.Repeat(120L, count)])),
        ];
    }

    private static Value Bias(Value x, int count) =>
        x.Graph.AddInitializer("b", Integers(ElementType.Int32, [count], [.. Enumerable.Range(1, count).Select(i => 1000L * i)]));

    private static Value[] Into(Value x)
    {
        var scale = x.Graph.AddInitializer("y.scale", Tensor.Scalar(0.02, ElementType.Float32));
        return [scale, x.Graph.AddInitializer("y.zero", Integers(ElementType.UInt8, [], [100]))];
    }

    private static Value[] Probabilities(Value x) =>
    [
        x.Graph.AddInitializer("y.scale", Tensor.Scalar(1 / 256.0, ElementType.Float32)), x.Graph.AddInitializer("y.zero", Integers(ElementType.UInt8, [], [0])),
    ];

    private static Value Dynamic(Value x, string op, long[] scales, params long[] dims) => Dynamic(x, op, scales, dims, biased: false);

    private static Value Dynamic(Value x, string op, long[] scales, long[] dims, bool biased)
    {
        var quantized = x.Graph.AddNode("DynamicQuantizeLinear", "", [x], [], 3).Outputs;
        var w = Weight(x, null, dims);
        var scale = scales.Length == 0 ? w[1] : x.Graph.AddInitializer("columns", Tensor.Floats(scales, [0.01f, 0.02f]));
        var product = x.Graph.Emit(op, [quantized[0]!.As(ElementType.UInt8), w[0], quantized[2]!.As(ElementType.UInt8), w[2]]).As(ElementType.Int32);
        if (biased)
        {
            var bias = x.Graph.AddInitializer("bias", Tensor.Floats([4], [0.5f, -0.25f, 0.125f, -2]));
            product += x.Graph.Emit("Floor", [bias / (quantized[1]! * scale)]).Cast(ElementType.Int32).Reshape(1, 4, 1, 1);
        }

        return product.Cast(ElementType.Float32) * (quantized[1]! * scale);
    }
}
