namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class ClassifierHeadTests
{
    private const int Features = 6, Old = 3, New = 5;

    private readonly Graph _graph = new("test");
    private readonly Value _x;

    public ClassifierHeadTests() => _x = _graph.AddInput("x", ElementType.Float32, Shape.Of(2, Features));

    [TestMethod]
    public void Gemm_gets_new_weights_and_biases() =>
        Becomes(_graph.Emit("Gemm", [_x, Weight("w", Features, Old), Weight("b", Old)]), "b [5], w [6, 5]", Features);

    [TestMethod]
    public void Gemm_with_a_transposed_weight_gets_new_rows() =>
        Becomes(_graph.Emit("Gemm", [_x, Weight("w", Old, Features), Weight("b", Old)], ("transB", 1)), "b [5], w [5, 6]", Features);

    [TestMethod]
    public void Gemm_without_a_bias_gets_new_weights() =>
        Becomes(_graph.Emit("Gemm", [_x, Weight("w", Features, Old)]), "w [6, 5]", Features);

    [TestMethod]
    public void MatMul_and_Add_get_new_weights() =>
        Becomes(_x.MatMul(Weight("w", Features, Old)) + Weight("b", Old), "b [5], w [6, 5]", Features);

    [TestMethod]
    public void Add_may_have_the_bias_first() =>
        Becomes(Weight("b", Old) + _x.MatMul(Weight("w", Features, Old)), "b [5], w [6, 5]", Features);

    [TestMethod]
    public void A_bias_of_rank_2_is_widened_along_its_classes() =>
        Becomes(_x.MatMul(Weight("w", Features, Old)) + Weight("b", 1, Old), "b [1, 5], w [6, 5]", Features);

    [TestMethod]
    public void A_scalar_that_is_added_stays() =>
        Becomes(_x.MatMul(Weight("w", Features, Old)) + Weight("shift", 1), "w [6, 5]", Features);

    [TestMethod]
    public void A_weight_behind_Transpose_and_Identity_is_found() =>
        Becomes(_x.MatMul(Weight("w", Old, Features).Identity().Transpose(2)), "w [5, 6]", Features);

    [TestMethod]
    public void A_weight_behind_Reshape_is_found_and_the_shape_rewritten()
    {
        var shape = _graph.AddInitializer("shape", Tensor.Vector(Features, Old));
        Becomes(_x.MatMul(_graph.Emit("Reshape", [Weight("w", 2, 3, Old), shape])) + Weight("b", 1, Old), "b [1, 5], shape [2], w [2, 3, 5]", Features);
        CollectionAssert.AreEqual(new long[] { Features, New }, shape.Initializer!.ToInt64());
    }

    [TestMethod]
    public void A_convolutional_head_is_found_behind_pooling_and_softmax()
    {
        var image = _graph.AddInput("image", ElementType.Float32, Shape.Of(2, Features, 4, 4));
        var scores = _graph.Emit("Relu", [_graph.Emit("Conv", [image, Weight("w", Old, Features, 1, 1), Weight("b", Old)])]);
        var pooled = _graph.Emit("Reshape", [_graph.Emit("GlobalAveragePool", [scores]), _graph.AddInitializer("shape", Tensor.Vector(-1, Old))]);
        Becomes(_graph.Emit("Softmax", [pooled]), "b [5], shape [2], w [5, 6, 1, 1]", Features);
    }

    [TestMethod]
    public void Equal_seeds_give_equal_heads()
    {
        float[] Head(int seed)
        {
            var graph = new Graph("test");
            var y = graph.AddInput("x", ElementType.Float32, Shape.Of(2, Features)).MatMul(graph.AddInitializer("w", Tensor.Floats([Features, Old], new float[18])));
            return ClassifierHead.Replace(y, New, seed)["w"].As<float>().ToArray();
        }

        CollectionAssert.AreEqual(Head(1), Head(1));
        CollectionAssert.AreNotEqual(Head(1), Head(2));
    }

    [TestMethod]
    public void A_model_without_a_head_is_refused()
    {
        var normal = _graph.Emit("InstanceNormalization", [_x.MatMul(Weight("w", Features, Old)).Unsqueeze(2), Weight("g", Old), Weight("b", Old)]);
        normal.Producer!.Name = "the end";
        var error = Assert.ThrowsExactly<InvalidModelException>(() => ClassifierHead.Replace(_graph.Emit("Softmax", [normal]), New, 0));
        StringAssert.Contains(error.Message, "the way ends at 'the end', InstanceNormalization", StringComparison.Ordinal);
        Assert.ThrowsExactly<InvalidModelException>(() => ClassifierHead.Replace(_x.Identity(), New, 0));
    }

    [TestMethod]
    public void A_computed_weight_is_refused()
    {
        var weight = Weight("w", Features, Old).Exp();
        var error = Assert.ThrowsExactly<InvalidModelException>(() => ClassifierHead.Replace(_x.MatMul(weight), New, 0));
        StringAssert.Contains(error.Message, $"'{weight.Name}' is computed", StringComparison.Ordinal);
    }

    [TestMethod]
    [DataRow(ElementType.Float16)]
    [DataRow(ElementType.BFloat16)]
    [DataRow(ElementType.Float64)]
    public void A_new_head_keeps_the_type_of_its_weights(ElementType type)
    {
        var weight = _graph.AddInitializer("w", new Tensor(type, [Features, Old], new byte[Features * Old * type.Size()]));
        var plain = new Graph("plain");
        var twin = plain.AddInput("x", ElementType.Float32, _x.Shape).MatMul(plain.AddInitializer("w", Tensor.Floats([Features, Old], new float[Features * Old])));

        var changed = ClassifierHead.Replace(_x.MatMul(weight), New, 3)["w"];

        Assert.AreEqual((type, type), (changed.Type, weight.Type));
        CollectionAssert.AreEqual(FloatBytes.Encode(type, ClassifierHead.Replace(twin, New, 3)["w"].As<float>()), changed.Data.ToArray());
    }

    [TestMethod]
    public void A_quantised_head_is_refused()
    {
        var weight = _graph.AddInitializer("w", new Tensor(ElementType.Int8, [Features, Old], new byte[Features * Old]));
        var floats = FakeQuantization.Dequantize(weight, _graph.Scalar(0.1, ElementType.Float32), null, 1);
        var error = Assert.ThrowsExactly<InvalidModelException>(() => ClassifierHead.Replace(_x.MatMul(floats), New, 0));
        StringAssert.Contains(error.Message, "it is quantised for its classes", StringComparison.Ordinal);
    }

    // The constants that changed, their bounds, and that the model runs with the new number of classes.
    private void Becomes(Value y, string changed, int inputs)
    {
        y.Shape = Shape.Of(2, Old);
        _graph.Outputs.Add(y);
        var replaced = ClassifierHead.Replace(y, New, 1);
        Assert.AreEqual(changed, string.Join(", ", replaced.OrderBy(r => r.Key, StringComparer.Ordinal).Select(r => $"{r.Key} {r.Value.Shape}")));
        Assert.AreEqual("[2, 5]", $"{y.Shape}");
        foreach (var (name, tensor) in replaced.Where(r => r.Value.Type == ElementType.Float32))
        {
            // U(−1/√6, 1/√6), spread over the whole of it
            var largest = tensor.ToFloat64().Max(Math.Abs);
            Assert.IsLessThan(1 / Math.Sqrt(inputs), largest, name);
            Assert.IsGreaterThan(0.3 / Math.Sqrt(inputs), largest, name);
        }

        var model = new Model(_graph) { Opsets = { [""] = Model.Opset } };
        foreach (var unused in _graph.Inputs.Where(i => !_graph.Nodes.Exists(n => n.Inputs.Contains(i))).ToList())
            _graph.Inputs.Remove(unused);
        Assert.AreEqual("2,5", ModelRun.Run(model, 1)[0].Shape);
    }

    private Value Weight(string name, params long[] sizes) =>
        _graph.AddInitializer(name, Tensor.Floats(sizes, [.. Enumerable.Repeat(9f, (int)Shape.Of(sizes).Count)]));
}
