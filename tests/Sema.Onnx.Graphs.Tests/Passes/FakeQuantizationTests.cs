using Sema.Onnx.Graphs.Functions;
using static Sema.Onnx.Graphs.QuantizationGridTests;

namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class FakeQuantizationTests
{
    [TestMethod]
    [DataRow(new long[0], 1, 0)]
    [DataRow(new long[] { 1 }, 1, 0)]
    [DataRow(new long[] { 6 }, 1, 0)]
    [DataRow(new long[] { 3 }, -1, 0)]
    [DataRow(new long[] { 4, 3, 3 }, 1, 2)]
    [DataRow(new long[] { 4, 2, 3 }, 1, 4)]
    public void A_pair_computes_the_same_as_one_function(long[] scales, long axis, long block)
    {
        var graph = new Graph("pair");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(4, 6, 3));
        var (scale, zero) = Grid(graph, "x", ElementType.UInt8, scales);
        Attribute[] attributes = block > 0 ? [("axis", axis), ("block_size", block)] : [("axis", axis)];
        graph.Outputs.Add(Pair(x, scale, zero, attributes));

        AssertSame(graph, Draw(1, 4, 6, 3));

        Assert.AreEqual("FakeQuantize", graph.Nodes[^1].OpType);
        Assert.IsEmpty(graph.Nodes.Where(n => n.OpType.EndsWith("Linear", StringComparison.Ordinal)));
    }

    [TestMethod]
    [DataRow(ElementType.UInt4, true)]
    [DataRow(ElementType.Int4, true)]
    [DataRow(ElementType.Float8E4M3FN, true)]
    [DataRow(ElementType.Float8E5M2, true)]
    [DataRow(ElementType.Float8E4M3FNUZ, true)]
    [DataRow(ElementType.Float8E5M2FNUZ, true)]
    [DataRow(ElementType.Float8E4M3FN, false)]
    [DataRow(ElementType.Float8E4M3FNUZ, false)]
    public void A_pair_of_few_bits_computes_the_same_as_one_function(ElementType type, bool saturates)
    {
        var graph = new Graph("pair");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(4, 6));
        var scale = graph.AddInitializer("scale", Tensor.Floats([6], [0.1f, 0.2f, 0.001f, 0.3f, 0.05f, 0.15f]));
        graph.Outputs.Add(Pair(x, scale, graph.AddInitializer("zero", new Tensor(type, [6], new byte[type.ByteLength(6)])), [("axis", -1L)]));
        if (!saturates)
            graph.Nodes[0].Set(("saturate", 0L));

        AssertSame(graph, Draw(6, 4, 6));

        Assert.AreEqual(type.IsHalfByte() ? "FakeQuantize" : "FakeFloat8", graph.Nodes[^1].OpType);
    }

    [TestMethod]
    public void Integer_weights_become_float_weights_of_the_same_name()
    {
        var graph = new Graph("weights");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(2, 3));
        var weight = graph.AddInitializer("weight", Integers(ElementType.Int8, [3, 2], [-128, 127, 3, -4, 5, 0]));
        var bias = graph.AddInitializer("bias", Integers(ElementType.Int32, [2], [-70000, 9]));
        var scale = graph.AddInitializer("scale", Tensor.Floats([2], [0.5f, 0.25f]));
        var zero = graph.AddInitializer("zero", Integers(ElementType.Int8, [2], [-1, 2]));
        graph.Outputs.Add(x.MatMul(FakeQuantization.Dequantize(weight, scale, zero, 1)) + FakeQuantization.Dequantize(bias, graph.Scalar(0.001, ElementType.Float32), null, 0));

        AssertSame(graph, Draw(2, 2, 3));

        CollectionAssert.AreEqual(new[] { -63.5f, 31.25f, 2, -1.5f, 3, -0.5f }, weight.Initializer!.As<float>().ToArray()); // (q − zero)·scale
        Assert.AreEqual((ElementType.Int8, ElementType.Int32), (weight.Storage!.Type, bias.Storage!.Type));
        Assert.AreEqual(-70, bias.Initializer!.As<float>()[0], 1e-5);
    }

    [TestMethod]
    public void Tied_integer_weights_stay_one_weight()
    {
        var graph = new Graph("tied");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(2, 2));
        var weight = graph.AddInitializer("weight", Integers(ElementType.UInt8, [2, 2], [1, 2, 3, 250]));
        var (scale, zero) = Grid(graph, "w", ElementType.UInt8, []);
        var twin = graph.AddInitializer("twin", scale.Initializer!);
        graph.Outputs.Add(x.MatMul(FakeQuantization.Dequantize(weight, scale, zero, 1)).MatMul(FakeQuantization.Dequantize(weight, twin, zero, 1)));

        AssertSame(graph, Draw(3, 2, 2));

        Assert.AreEqual(ElementType.Float32, weight.Type);
        Assert.AreEqual(2, graph.Nodes.Count(n => n.OpType == "FakeQuantize" && n[0] == weight));
    }

    [TestMethod]
    public void A_weight_read_with_two_scales_stays_as_it_is()
    {
        var graph = new Graph("two");
        var weight = graph.AddInitializer("weight", Integers(ElementType.UInt8, [2], [1, 2]));
        graph.Outputs.Add(graph.AddInput("x", ElementType.Float32, Shape.Of(2)) + FakeQuantization.Dequantize(weight, graph.Scalar(1, ElementType.Float32), null, 1)
            + FakeQuantization.Dequantize(weight, graph.Scalar(2, ElementType.Float32), null, 1));

        AssertSame(graph, Draw(4, 2), changes: false);

        Assert.AreEqual(ElementType.UInt8, weight.Type);
    }

    [TestMethod]
    public void Integers_that_are_only_moved_are_dequantised_first()
    {
        var graph = new Graph("moved");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(1, 4, 4, 3));
        var (scale, zero) = Grid(graph, "x", ElementType.UInt8, []);
        var q = graph.Emit("QuantizeLinear", [x, scale, zero]).As(ElementType.UInt8).Transpose(0, 3, 1, 2);
        q = graph.Emit("MaxPool", [q], ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 })).Reshape(1, -1);
        var weight = graph.AddInitializer("weight", Integers(ElementType.Int8, [5, 12], [.. Enumerable.Range(-30, 60).Select(i => (long)i)]));
        var perRow = graph.AddInitializer("rows", Tensor.Floats([5], [0.1f, 0.2f, 0.3f, 0.4f, 0.5f]));
        graph.Outputs.Add(FakeQuantization.Dequantize(q, scale, zero, 1).MatMul(FakeQuantization.Dequantize(weight.Transpose(1, 0), perRow, null, 1)));

        AssertSame(graph, Draw(5, 1, 4, 4, 3));

        Assert.AreEqual(2, graph.Nodes.Count(n => n.OpType == "FakeQuantize"));
        Assert.AreEqual(ElementType.Float32, weight.Type);
    }

    // 2 steps of 0.5 below and above 0: half a step further, ±1.25, smooth quantisation clips.
    [TestMethod]
    public void Smooth_quantisation_clips_and_does_not_round()
    {
        var graph = new Graph("smooth");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(5));
        graph.Outputs.Add(graph.Renamed(graph.Call("FakeQuantize", [x, .. new[] { 0.5, -2, 2 }.Select(v => graph.Scalar(v, ElementType.Float32))]), "y"));

        Assert.IsTrue(SmoothQuantization.Run(OnnxRunner.ModelOf(graph)));

        var y = OnnxRunner.Run(graph, new Dictionary<string, Tensor> { ["x"] = Tensor.Floats([5], [-3, -1.1f, 0.1f, 1.2f, 9]) })["y"];
        CollectionAssert.AreEqual(new[] { -1.25f, -1.1f, 0.1f, 1.2f, 1.25f }, y.As<float>().ToArray());
        Assert.IsFalse(SmoothQuantization.Run(OnnxRunner.ModelOf(graph)));
    }

    private static void AssertSame(Graph graph, Tensor x, bool changes = true)
    {
        graph.Rename(graph.Outputs[0], "y");
        var feeds = new Dictionary<string, Tensor> { ["x"] = x };
        var before = OnnxRunner.Run(graph, feeds)["y"].As<float>().ToArray();
        Assert.AreEqual(changes, FakeQuantization.Run(OnnxRunner.ModelOf(graph)));
        var after = OnnxRunner.Run(graph, feeds)["y"].As<float>().ToArray();
        for (var i = 0; i < before.Length; i++)
            Assert.IsTrue(before[i].Equals(after[i]) || Math.Abs(before[i] - after[i]) <= 1e-6 * Math.Abs(before[i]), $"element {i}: {before[i]}, {after[i]}");
    }

    internal static Value Pair(Value x, Value scale, Value zero, params Attribute[] attributes) => x.Graph.Emit(
        "DequantizeLinear", [x.Graph.Emit("QuantizeLinear", [x, scale, zero], attributes).As(zero.Type), scale, zero], attributes).As(scale.Type);

    internal static (Value Scale, Value Zero) Grid(Graph graph, string name, ElementType type, long[] dims)
    {
        var count = (int)Tensor.ElementCount(dims);
        return (graph.AddInitializer($"{name}.scale", Tensor.Floats(dims, [.. Enumerable.Range(1, count).Select(i => 0.01f * i)])),
            graph.AddInitializer($"{name}.zero", Integers(type, dims, [.. Enumerable.Range(1, count).Select(i => 3L * i)])));
    }

    internal static Tensor Draw(int seed, params long[] dims)
    {
        var random = new Random(seed);
        return Tensor.Floats(dims, [.. Enumerable.Range(0, (int)Tensor.ElementCount(dims)).Select(_ => 4 * random.NextSingle() - 2)]);
    }
}
