using System.Runtime.InteropServices;

namespace Sema.Onnx.Graphs;

/// <summary>ONNX Runtime's own QuantizeLinear and DequantizeLinear are the reference.</summary>
[TestClass]
public sealed class QuantizationGridTests
{
    public static IEnumerable<object[]> Forms =>
        from type in new[] { ElementType.Int8, ElementType.UInt8, ElementType.Int16, ElementType.UInt16 }
        from form in new (long[] Dims, long Axis, long Block, long[] Scales)[]
        {
            ([40], 1, 0, []), ([4, 5, 3], 1, 0, [5]), ([4, 5, 3], -1, 0, [3]), ([4, 6, 3], 1, 2, [4, 3, 3]), ([7, 2], 0, 3, [3, 2]),
        }
        select new object[] { type, form.Dims, form.Axis, form.Block, form.Scales };

    [TestMethod]
    [DynamicData(nameof(Forms))]
    public void Numbers_are_quantised_and_dequantised_as_the_runtime_does_it(ElementType type, long[] dims, long axis, long block, long[] scales)
    {
        var random = new Random(20240209);
        var graph = new Graph("quantised");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(dims));
        var count = Tensor.ElementCount(scales);
        var scale = graph.AddInitializer("scale", Tensor.Floats(scales, [.. Enumerable.Range(0, (int)count).Select(_ => 0.01f + random.NextSingle())]));
        var zero = graph.AddInitializer("zero", Integers(type, scales, [.. Enumerable.Range(0, (int)count).Select(_ => type is ElementType.Int8 or ElementType.Int16 ? random.NextInt64(-5, 6) : random.NextInt64(3, 9))]));
        Attribute[] attributes = block > 0 ? [("axis", axis), ("block_size", block)] : [("axis", axis)];
        var q = graph.Emit("QuantizeLinear", [x, scale, zero], attributes).As(type);
        var y = graph.Emit("DequantizeLinear", [q, scale, zero], attributes).As(ElementType.Float32);
        graph.Outputs.AddRange([graph.Renamed(q, "q"), graph.Renamed(y, "y")]);

        // Ties at half steps, and numbers far outside.
        var values = Enumerable.Range(0, (int)Tensor.ElementCount(dims)).Select(i => i % 7 == 0 ? 1e6f * (random.NextSingle() - 0.5f) : (random.Next(40) - 20) * 0.5f * (i % 3 == 0 ? scale.Initializer!.As<float>()[0] : 1)).ToArray();
        var expected = OnnxRunner.Run(graph, new Dictionary<string, Tensor> { ["x"] = Tensor.Floats(dims, values) });
        var grid = QuantizationGrid.Of(graph.Nodes[1], expected["q"])!;

        CollectionAssert.AreEqual(expected["q"].Data.ToArray(), grid.Quantize(values));
        CollectionAssert.AreEqual(expected["y"].ToFloat32(), grid.Dequantize(expected["q"]));
        CollectionAssert.AreEqual(expected["q"].Data.ToArray(), grid.Quantize(grid.Dequantize(expected["q"])), "A number of the grid changes when it is quantised again.");
    }

    // 0.5·(q): −3e9 and 3e9 steps saturate; 1.25 and 1.75 are ties, 2.5 and 3.5 steps.
    [TestMethod]
    public void Biases_of_32_bits_saturate_and_round_to_even()
    {
        var graph = new Graph("bias");
        var bias = graph.AddInitializer("bias", Integers(ElementType.Int32, [4], [0, 0, 0, 0]));
        var node = graph.AddNode("DequantizeLinear", "", [bias, graph.AddInitializer("scale", Tensor.Scalar(0.5, ElementType.Float32))], [], 1);

        var stored = QuantizationGrid.Of(node, bias.Initializer!)!.Quantize([-1.5e9f, 1.5e9f, 1.25f, 1.75f]);

        CollectionAssert.AreEqual(new[] { int.MinValue, int.MaxValue, 2, 4 }, MemoryMarshal.Cast<byte, int>(stored).ToArray());
    }

    [TestMethod]
    [DataRow(0f)]
    [DataRow(-1f)]
    [DataRow(float.NaN)]
    public void A_scale_that_is_not_positive_makes_no_grid(float scale)
    {
        var graph = new Graph("bad");
        var weight = graph.AddInitializer("weight", Integers(ElementType.Int8, [2], [1, 2]));
        var node = graph.AddNode("DequantizeLinear", "", [weight, graph.AddInitializer("scale", Tensor.Floats([2], [1, scale]))], [("axis", 0L)], 1);

        Assert.IsNull(QuantizationGrid.Of(node, weight.Initializer!));
    }

    [TestMethod]
    public void Scales_that_do_not_fit_are_named()
    {
        var graph = new Graph("bad");
        var weight = graph.AddInitializer("weight", Integers(ElementType.Int8, [2], [1, 2]));
        var node = graph.AddNode("DequantizeLinear", "", [weight, graph.AddInitializer("scale", Tensor.Floats([3], [1, 1, 1]))], [("axis", 0L)], 1);

        StringAssert.Contains(Assert.ThrowsExactly<InvalidModelException>(() => QuantizationGrid.Of(node, weight.Initializer!)).Message, "3 scales do not fit the shape [2]");
    }

    /// <summary>A tensor of small integers of any integer type.</summary>
    internal static Tensor Integers(ElementType type, long[] dims, long[] elements) =>
        new(type, dims, elements.SelectMany(e => BitConverter.GetBytes(e)[..type.Size()]).ToArray());
}
