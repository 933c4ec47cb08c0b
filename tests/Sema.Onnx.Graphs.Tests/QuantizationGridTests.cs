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

    public static IEnumerable<object[]> FewBits =>
        from type in new[] { ElementType.UInt4, ElementType.Int4, ElementType.Float8E4M3FN, ElementType.Float8E4M3FNUZ, ElementType.Float8E5M2, ElementType.Float8E5M2FNUZ }
        from block in type.IsHalfByte() ? new long[] { 0, 2 } : [0]
        select new object[] { type, block };

    // Both ways through the runtime, which packs and unpacks by itself: 5·7·3 is odd.
    [TestMethod]
    [DynamicData(nameof(FewBits))]
    public void Few_bits_are_stored_as_the_runtime_reads_them(ElementType type, long block)
    {
        var random = new Random(20240209);
        long[] dims = [5, 7, 3], scales = block > 0 ? [5, 4, 3] : [7];
        var values = Enumerable.Range(0, 105).Select(i => i % 11 == 0 ? 1e6f * (random.NextSingle() - 0.5f) : (random.Next(40) - 20) * MathF.ScaleB(0.25f, i % 5 - 2)).ToArray();
        var graph = new Graph("few");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(dims));
        var count = (int)Tensor.ElementCount(scales);
        var scale = graph.AddInitializer("scale", Tensor.Floats(scales, [.. Enumerable.Range(0, count).Select(i => MathF.ScaleB(0.5f, i % 3))]));
        var zero = graph.AddInitializer("zero", type.IsHalfByte() ? Integers(type, scales, [.. Enumerable.Range(0, count).Select(i => i % 5 + (type == ElementType.Int4 ? -2L : 0))]) : new(type, scales, new byte[count]));
        Attribute[] attributes = block > 0 ? [("axis", 1L), ("block_size", block)] : [("axis", 1L)];
        var q = graph.Emit("QuantizeLinear", [x, scale, zero], attributes).As(type);
        var y = graph.AddNode("DequantizeLinear", "", [q, scale, zero], attributes, 1);
        graph.Outputs.Add(graph.Renamed(y.Output.As(ElementType.Float32), "y"));
        var expected = OnnxRunner.Run(graph, new Dictionary<string, Tensor> { ["x"] = Tensor.Floats(dims, values) })["y"].ToFloat32();
        var blank = new Tensor(type, dims, new byte[type.ByteLength(105)]);

        var grid = QuantizationGrid.Of(y, blank)!;
        var stored = new Tensor(type, dims, grid.Quantize(values));

        CollectionAssert.AreEqual(expected, grid.Dequantize(stored));
        var read = new Graph("read");
        var constant = read.AddInitializer("w", stored);
        read.Outputs.Add(read.Renamed(read.Emit("DequantizeLinear", [constant, read.AddInitializer("scale", scale.Initializer!), read.AddInitializer("zero", zero.Initializer!)], attributes).As(ElementType.Float32), "y"));
        CollectionAssert.AreEqual(expected, OnnxRunner.Run(read, new Dictionary<string, Tensor>())["y"].ToFloat32());
    }

    // Codes whose numbers follow from the format: 1, the largest, the least above 0, NaN.
    [TestMethod]
    [DataRow(ElementType.Float8E4M3FN, new byte[] { 0x38, 0x7E, 0x01, 0x7F }, new[] { 1, 448, 0.001953125f, float.NaN })]
    [DataRow(ElementType.Float8E4M3FNUZ, new byte[] { 0x40, 0x7F, 0x01, 0x80 }, new[] { 1, 240, 0.0009765625f, float.NaN })]
    [DataRow(ElementType.Float8E5M2, new byte[] { 0x3C, 0x7B, 0x01, 0xFD }, new[] { 1, 57344, 1.52587890625e-05f, float.NaN })]
    [DataRow(ElementType.Float8E5M2FNUZ, new byte[] { 0x40, 0x7F, 0x01, 0x80 }, new[] { 1, 57344, 7.62939453125e-06f, float.NaN })]
    public void Small_floats_are_read(ElementType type, byte[] codes, float[] numbers) =>
        CollectionAssert.AreEqual(numbers, new Tensor(type, [4], codes).ToFloat32());

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
    [DataRow(float.NaN)]
    [DataRow(float.PositiveInfinity)]
    public void A_scale_of_which_there_are_no_steps_makes_no_grid(float scale)
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
        new(type, dims, type.IsHalfByte()
            ? elements.Chunk(2).Select(pair => (byte)((pair[0] & 15) | (pair.ElementAtOrDefault(1) << 4))).ToArray()
            : elements.SelectMany(e => BitConverter.GetBytes(e)[..type.Size()]).ToArray());
}
