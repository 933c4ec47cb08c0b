using Sema.Onnx.Graphs.Functions;

namespace Sema.Onnx.Graphs.Autodiff;

/// <summary>The choices at kinks and ties, where no difference quotient decides.</summary>
[TestClass]
public sealed class KinkTests
{
    [TestMethod]
    [DataRow("Relu", 0.0)]
    [DataRow("Abs", 0.0)]
    [DataRow("ReduceL2", 0.0)]
    [DataRow("ReduceL1", 0.0)]
    public void Gradient_at_zero(string op, double expected)
    {
        var sketch = new GraphSketch();
        var x = sketch.Input("x", 0, 0);

        AssertEqual([expected, expected], sketch.Gradients(sketch.Emit(op, [x]), x)[0]);
    }

    [TestMethod]
    public void Clip_passes_nothing_at_its_bounds()
    {
        var sketch = new GraphSketch();
        var x = sketch.Input("x", -2, -1, 0, 1, 2);

        var y = sketch.Emit("Clip", [x, sketch.Graph.Scalar(-1, ElementType.Float64), sketch.Graph.Scalar(1, ElementType.Float64)]);

        AssertEqual([0, 0, 1, 0, 0], sketch.Gradients(y, x)[0]);
    }

    // Steps of 1/2 from −4 to 3: −2 to 1.5. −2.2 rounds to −4 steps and 1.74 to 3; −2.3 and 1.76 would round beyond.
    [TestMethod]
    public void A_quantised_value_passes_the_gradient_straight_through_unless_it_was_clipped()
    {
        var sketch = new GraphSketch();
        var x = sketch.Input("x", -9, -2.3, -2.2, -0.1, 0.25, 1.74, 1.76, 9);

        var y = sketch.Graph.Call("FakeQuantize", [x, .. new[] { 0.5, -4, 3 }.Select(v => sketch.Graph.Scalar(v, ElementType.Float64))]);

        AssertEqual([0, 0, 1, 1, 1, 1, 0, 0], sketch.Gradients(y, x)[0]);
        AssertEqual([-2, -2, -2, 0, 0, 1.5, 1.5, 1.5], sketch.Run(y)[0]);
    }

    [TestMethod]
    [DataRow("Max")]
    [DataRow("Min")]
    public void Tied_inputs_share_the_gradient(string op)
    {
        var sketch = new GraphSketch();
        Value a = sketch.Input("a", 1, 5), b = sketch.Input("b", 1, 5), c = sketch.Input("c", 1, 5), d = sketch.Input("d", op == "Max" ? 0 : 9, 5);

        var gradients = sketch.Gradients(sketch.Emit(op, [a, b, c, d]), a, b, c, d);

        AssertEqual([1.0 / 3, 0.25], gradients[0]);
        AssertEqual([0, 0.25], gradients[3]);
    }

    [TestMethod]
    [DataRow("ReduceMax", 7.0)]
    [DataRow("ReduceMin", -7.0)]
    public void Tied_elements_share_the_gradient_of_a_reduction(string op, double extreme)
    {
        var sketch = new GraphSketch();
        var x = sketch.Input("x", [2, 3], extreme, 0, extreme, 0, extreme, 0);

        var y = sketch.Emit(op, [x, sketch.Graph.Vector(1)]);

        AssertEqual([0.5, 0, 0.5, 0, 1, 0], sketch.Gradients(y, x)[0]);
    }

    [TestMethod]
    public void MaxPool_gives_the_gradient_to_the_first_of_tied_elements()
    {
        var sketch = new GraphSketch();
        var x = sketch.Input("x", [1, 1, 4], 3, 3, 1, 1);

        var y = sketch.Emit("MaxPool", [x], ("kernel_shape", [2]), ("strides", [2]));

        AssertEqual([1, 0, 1, 0], sketch.Gradients(y, x)[0]);
    }

    [TestMethod]
    public void Maximum_of_a_plane_is_shared_by_tied_elements() =>
        AssertEqual([0, 0.5, 0.5, 0], Float32Gradient("GlobalMaxPool", [1, 1, 4], [2, 5, 5, 1]));

    [TestMethod]
    [DataRow(new float[] { 2, 5, 3 }, new double[] { 15, 6, 10 })]
    [DataRow(new float[] { 2, 0, 3 }, new double[] { 0, 6, 0 })]   // only the zero's own factor is not zero
    [DataRow(new float[] { 0, 5, 0 }, new double[] { 0, 0, 0 })]
    public void Gradient_of_a_product_is_the_product_of_the_others(float[] x, double[] expected) =>
        AssertEqual(expected, Float32Gradient("ReduceProd", [3], x));

    [TestMethod]
    [DataRow(1L)]
    [DataRow(2L)]
    public void Direction_of_a_zero_vector_has_gradient_0(long p)
    {
        var sketch = new GraphSketch();
        var x = sketch.Input("x", [2, 2], 0, 0, 0, 2);

        // The second row: y = x/|x| along itself does not change; across it, only in the Euclidean norm, dy₀ = dx₀/2.
        var y = sketch.Emit("LpNormalization", [x], ("p", p));

        AssertEqual([0, 0, 0.5, 0], sketch.Gradients(y, x)[0]);
    }

    [TestMethod]
    public void Power_of_zero_has_a_finite_gradient()
    {
        var sketch = new GraphSketch();
        Value a = sketch.Input("a", 0, 0, 0), b = sketch.Input("b", 0, 1, 2);

        var gradients = sketch.Gradients(sketch.Emit("Pow", [a, b]), a, b);

        AssertEqual([0, 1, 0], gradients[0]);
        AssertEqual([0, 0, 0], gradients[1]);
    }

    [TestMethod]
    public void Infinity_where_a_mask_hides_it_stays_out_of_the_gradient()
    {
        var sketch = new GraphSketch();
        var x = sketch.Input("x", 0, 4);
        var finite = x.Greater(x.Like(1));

        // 1/x is infinite at 0, where the mask takes -1 instead.
        var y = finite.Where(1 / finite.Where(x, x.Like(1)), x.Like(-1));

        AssertEqual([0, -1.0 / 16], sketch.Gradients(y, x)[0]);
    }

    // There is no float64 kernel of the operator.
    private static double[] Float32Gradient(string op, long[] dims, float[] elements)
    {
        var graph = new Graph("float32");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(dims));
        var loss = graph.Emit(op, [x]).SumAll();
        OnnxRunner.InferShapes(graph);
        graph.Outputs.Add(Differentiator.Gradients(loss, [x])[x]);
        return OnnxRunner.Run(graph, new Dictionary<string, Tensor> { ["x"] = Tensor.Floats(dims, elements) }).Values.Single().ToFloat64();
    }

    private static void AssertEqual(double[] expected, double[] actual) => CollectionAssert.AreEqual(expected, actual, string.Join(", ", actual));
}
