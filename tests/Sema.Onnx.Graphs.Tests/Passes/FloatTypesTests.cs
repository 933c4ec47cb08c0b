namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class FloatTypesTests
{
    [TestMethod]
    [DataRow(ElementType.Float16)]
    [DataRow(ElementType.BFloat16)]
    [DataRow(ElementType.Float64)]
    public void Whatever_a_model_stores_or_computes_in_another_float_type_becomes_float32(ElementType type)
    {
        var graph = new Graph("other");
        var x = graph.AddInput("x", type, Shape.Of(2));
        var ids = graph.AddInput("ids", ElementType.Int64, Shape.Of(2));
        var weight = graph.AddInitializer("weight", Of(type, 1.5f, -2));
        var filled = graph.Emit("ConstantOfShape", [graph.Vector(2)], ("value", Of(type, 0.25f))).As(type);
        var unit = graph.Emit("EyeLike", [ids.Unsqueeze(0)], ("dtype", (long)type)).As(type);
        var noise = graph.Emit("RandomNormal", [], new Attribute("shape", new long[] { 2 }), new("dtype", (long)type), new("scale", 1e-30f)).As(type);
        var inner = new Graph("then", graph);
        inner.Outputs.Add((inner.AddInitializer("one", Of(type, 1, 1)) + weight).As(type));
        var branch = graph.AddNode("If", "", [graph.AddInput("condition", ElementType.Bool, new Shape())], [new("then_branch", inner), new("else_branch", Copy(graph, inner))], 1).Output.As(type);
        var mask = ids.Cast(ElementType.Bool);
        graph.Outputs.Add(graph.Renamed(x * weight + ids.Cast(type) + filled + unit.Squeeze(0) + noise + branch + x.Cast(ElementType.Float32).CastLike(x), "y"));
        graph.Outputs.Add(mask);

        Assert.IsTrue(FloatTypes.ToFloat32(new(graph)));

        Assert.AreEqual((ElementType.Float32, ElementType.Int64, ElementType.Bool), (x.Type, ids.Type, mask.Type));
        Assert.IsFalse(graph.Values.Concat(inner.Values).Any(v => v.Type == type));
        Assert.AreEqual(type, weight.Storage!.Type);
        Assert.AreEqual(type, inner.Find("one")!.Storage!.Type);
        CollectionAssert.AreEqual(new[] { 1.5f, -2 }, weight.Initializer!.As<float>().ToArray());
        var y = OnnxRunner.Run(graph, new Dictionary<string, Tensor>
        {
            ["x"] = Tensor.Floats([2], [1, 2]),
            ["ids"] = Tensor.Vector(3, 0),
            ["condition"] = new(ElementType.Bool, [], new byte[] { 1 }),
        })["y"];
        CollectionAssert.AreEqual(new[] { 1.5f + 3 + 0.25f + 1 + 2.5f + 1, -4 + 0.25f - 1 + 2 }, y.As<float>().ToArray());
    }

    [TestMethod]
    public void Some_float64_numbers_keep_their_digits_in_a_float32_model()
    {
        var graph = new Graph("mixed");
        var factor = graph.AddInitializer("factor", Tensor.Scalar(1 / 3.0, ElementType.Float64));
        graph.AddInitializer("weight", Tensor.Floats([2], [1, 2]));
        graph.Outputs.Add(graph.AddInput("size", ElementType.Float64, Shape.Of(1)) * factor);

        Assert.IsFalse(FloatTypes.ToFloat32(new(graph)));

        Assert.AreEqual(ElementType.Float64, factor.Type);
        Assert.AreEqual(ElementType.Float64, FloatTypes.OfInput(graph, ElementType.Float64));
        Assert.AreEqual(ElementType.Float32, FloatTypes.OfInput(graph, ElementType.Float16));
    }

    [TestMethod]
    public void A_float64_weight_that_is_read_as_float32_only_becomes_float32()
    {
        var graph = new Graph("cast");
        graph.AddInitializer("others", Tensor.Floats([3], [1, 2, 3]));
        var weight = graph.AddInitializer("weight", Of(ElementType.Float64, 1, 2));
        graph.Outputs.Add(weight.Cast(ElementType.Float32));

        Assert.IsTrue(FloatTypes.ToFloat32(new(graph)));

        Assert.AreEqual((ElementType.Float32, ElementType.Float64), (weight.Type, weight.Storage!.Type));
    }

    private static Graph Copy(Graph outer, Graph inner)
    {
        var copy = new Graph("else", outer);
        copy.Outputs.Add(copy.AddInitializer("other", inner.Find("one")!.Initializer!).Identity());
        return copy;
    }

    private static Tensor Of(ElementType type, params float[] elements) => new(type, [elements.Length], FloatBytes.Encode(type, elements));
}
