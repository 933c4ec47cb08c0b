namespace Sema.Onnx.Graphs.Autodiff;

[TestClass]
public sealed class DifferentiatorTests
{
    [TestMethod]
    public void Value_used_twice_gets_the_sum_of_both_gradients()
    {
        var sketch = new GraphSketch();
        var x = sketch.Input("x", 1, 2, 3);

        // y = x² + 3x + x:  y' = 2x + 4
        AssertClose([6, 8, 10], sketch.Gradients((x * x) + (x * 3) + x, x)[0]);
    }

    [TestMethod]
    public void Weight_tied_through_a_transpose_is_one_weight()
    {
        var sketch = new GraphSketch();
        Value x = sketch.Input("x", [1, 2], 1, 2), w = sketch.Input("w", [2, 2], 1, 2, 3, 4);

        // y = x W Wᵀ, loss = Σ y = x W s with s = Wᵀ1:  dW = xᵀ s' + 1 (x W), s' = column sums of W
        // xW = [7, 10], column sums [4, 6]:  dW = [1, 2]ᵀ [4, 6] + [1, 1]ᵀ [7, 10] = [[11, 16], [15, 22]]
        var y = x.MatMul(w).MatMul(w.Transpose(1, 0));

        AssertClose([11, 16, 15, 22], sketch.Gradients(y, w)[0]);
    }

    [TestMethod]
    public void Output_that_nobody_reads_counts_as_zero()
    {
        var sketch = new GraphSketch();
        var x = sketch.Input("x", 1, 2, 3, 4, 5);
        var split = sketch.Graph.AddNode("Split", "", [x, sketch.Graph.Vector(2, 2, 1)], [("axis", 0)], 3);

        AssertClose([0, 0, 2, 2, 0], sketch.Gradients(split.Outputs[1]! * 2, x)[0]);
    }

    [TestMethod]
    public void Output_without_a_name_counts_as_zero()
    {
        var sketch = new GraphSketch();
        var x = sketch.Input("x", 1, 2, 3);
        var split = sketch.Graph.AddNode("Split", "", [x, sketch.Graph.Vector(2, 1)], [("axis", 0)], 2);
        sketch.Graph.Remove(split.Outputs[0]!);
        split.Outputs[0] = null;

        AssertClose([0, 0, 2], sketch.Gradients(split.Outputs[1]! * 2, x)[0]);
    }

    [TestMethod]
    public void Nothing_is_computed_for_inputs_that_nobody_asked_for()
    {
        var sketch = new GraphSketch();
        Value x = sketch.Input("x", [2, 2], 1, 2, 3, 4), w = sketch.Input("w", [2, 2], 1, 0, 0, 1);
        var loss = x.MatMul(w).SumAll();
        OnnxRunner.InferShapes(sketch.Graph);

        var gradients = Differentiator.Gradients(loss, [w]);

        Assert.HasCount(1, gradients);
        Assert.HasCount(1, sketch.Graph.Nodes.Where(n => n.OpType == "MatMul"));   // Y = X W; no dX
        Assert.HasCount(1, sketch.Graph.Nodes.Where(n => n.OpType == "LinearWeightGradTurned"));
    }

    [TestMethod]
    public void Value_that_the_loss_does_not_depend_on_is_absent()
    {
        var sketch = new GraphSketch();
        Value x = sketch.Input("x", 1, 2), other = sketch.Input("other", 1, 2);

        var gradients = sketch.Differentiate(x * 2, x, other);

        Assert.AreSame(x, gradients.Keys.Single());
    }

    [TestMethod]
    public void Integers_and_shapes_on_the_way_stop_the_gradient()
    {
        var sketch = new GraphSketch();
        var x = sketch.Input("x", 1.5, 2.5, 3.5);
        var truncated = x.Cast(ElementType.Int64).Cast(ElementType.Float64);
        var count = x.DynamicShape().Cast(ElementType.Float64);
        var chosen = sketch.Emit("ArgMax", [x], ("axis", 0)).As(ElementType.Int64);

        // y = x·trunc(x) + x·3 + x[argmax]: only the factors x carry a gradient
        var y = (x * truncated) + (x * count) + x.Gather(chosen, 0);

        AssertClose([4, 5, 9], sketch.Gradients(y, x)[0]);   // trunc + 3, and 3 more (one per element of y) where x is largest
    }

    [TestMethod]
    public void Loss_itself_has_gradient_1()
    {
        var sketch = new GraphSketch();
        var loss = sketch.Input("x", 1, 2).SumAll();

        var gradients = Differentiator.Gradients(loss, [loss]);

        AssertClose([1], sketch.Run(gradients[loss])[0]);
    }

    [TestMethod]
    public void Operator_without_rule_is_named_with_its_node_and_weights()
    {
        var sketch = new GraphSketch();
        Value w = sketch.Input("head.weight", [1, 3, 1], 1, 2, 3), b = sketch.Input("head.bias", [1, 3, 1], 1, 2, 3), x = sketch.Input("other", 1, 2);
        var node = sketch.Graph.AddNode("DFT", "", [w + b, null, sketch.Graph.Integer(1).Identity()], [], 1);   // along an axis that only the run knows
        node.Name = "head/dft";

        var e = Assert.ThrowsExactly<GradientNotDefinedException>(() => sketch.Differentiate(node.Output * x, w, b, x));

        Assert.AreEqual("DFT", e.Operator);
        Assert.AreEqual("head.weight, head.bias", string.Join(", ", e.Weights));
        Assert.Contains("No gradient rule for operator 'DFT' (opset 21), node 'head/dft'", e.Message);
        Assert.Contains("the weights 'head.weight', 'head.bias' reach the loss", e.Message);
        Assert.Contains("[1, 3, 2]", e.Message);
    }

    [TestMethod]
    public void Operator_without_rule_beside_the_way_is_no_obstacle()
    {
        var sketch = new GraphSketch();
        Value w = sketch.Input("w", [1, 2, 2], 1, 2, 3, 4), x = sketch.Input("x", [1, 2, 1], 3, 1);
        var data = sketch.Emit("DFT", [x]);

        AssertClose([4, 0, 2, 0], sketch.Gradients(data * w, w)[0]);
    }

    [TestMethod]
    public void Obstacles_are_listed_before_anything_is_built()
    {
        var sketch = new GraphSketch();
        var w = sketch.Input("w", 1, 2, 3);
        var loss = sketch.Emit("DFT", [sketch.Emit("Det", [w])]).SumAll();
        var nodes = sketch.Graph.Nodes.Count;

        var obstacles = Differentiator.Obstacles(loss, [w]).ToList();

        Assert.AreEqual("Det, DFT", string.Join(", ", obstacles.Select(o => o.Operator)));
        Assert.AreEqual(nodes, sketch.Graph.Nodes.Count);
    }

    [TestMethod]
    [DataRow("Pad", "mode", "reflect")]   // by more than one width for its axes
    [DataRow("Resize", "antialias", 1L)]
    [DataRow("ScatterElements", "reduction", "max")]
    [DataRow("Einsum", "equation", "iij,j")]
    [DataRow("MaxPool", "storage_order", 1L)]
    [DataRow("GatherND", "batch_dims", 1L)]
    public void Form_of_an_operator_that_the_rule_does_not_know_is_refused(string op, string attribute, object value)
    {
        var graph = new Graph("form");
        var node = graph.AddNode(op, "", [graph.AddInput("x", ElementType.Float64, Shape.Of(1, 1, 4)), graph.Vector(1)], [new(attribute, value)], 1);

        node.Output.Shape = Shape.Of(1);

        var e = Assert.ThrowsExactly<GradientNotDefinedException>(() => Differentiator.Gradients(node.Output.SumAll(), [graph.Inputs[0]]));

        Assert.AreEqual(op, e.Operator);
        Assert.AreEqual("x", string.Join(", ", e.Weights));
    }

    [TestMethod]
    public void Statistics_of_a_normalisation_have_no_gradient_and_are_not_dropped_in_silence()
    {
        var sketch = new GraphSketch();
        Value x = sketch.Input("x", [2, 3], 1, 2, 3, 4, 5, 7), scale = sketch.Input("scale", 1, 1, 1);
        var mean = sketch.Graph.AddNode("LayerNormalization", "", [x, scale], [], 2).Outputs[1]!;

        Assert.ThrowsExactly<GradientNotDefinedException>(() => sketch.Differentiate(mean, x));
    }

    [TestMethod]
    public void Scale_that_a_normalisation_broadcasts_is_refused()
    {
        var sketch = new GraphSketch();
        Value x = sketch.Input("x", [2, 3], 1, 2, 3, 4, 5, 7), scale = sketch.Input("scale", 2);

        Assert.ThrowsExactly<GradientNotDefinedException>(() => sketch.Differentiate(sketch.Emit("LayerNormalization", [x, scale]), scale));
    }

    [TestMethod]
    [DataRow(true, true)]
    [DataRow(true, false)]
    [DataRow(false, true)]
    public void Dropout_uses_the_mask_it_drew(bool trains, bool isConstant)
    {
        var sketch = new GraphSketch();
        var x = sketch.Input("x", [.. Enumerable.Repeat(1.0, 64)]);
        var training = sketch.Graph.AddInitializer("training", new(ElementType.Bool, [], new byte[] { trains ? (byte)1 : (byte)0 }));
        var y = sketch.Graph.Emit("Dropout", [x, sketch.Graph.Scalar(0.75, ElementType.Float64), isConstant ? training : training.Identity()]);
        var gradient = sketch.Differentiate(y, x)[x];

        var results = sketch.Run(y, gradient);

        // y = mask x / (1 − 3/4) with x = 1, and the gradient is the same factor
        CollectionAssert.AreEqual(results[0], results[1]);
        Assert.IsTrue(results[1].ToHashSet().SetEquals(trains ? [0.0, 4.0] : [1.0]));
    }

    [TestMethod]
    [DataRow("Exp")]
    [DataRow("Tanh")]
    [DataRow("Sigmoid")]
    [DataRow("Sqrt")]
    [DataRow("Log")]
    [DataRow("Reciprocal")]
    [DataRow("Sin")]
    [DataRow("Cos")]
    public void Second_derivative_of_a_function(string op)
    {
        double[] at = [0.5, 1, 1.5];
        var sketch = new GraphSketch();
        var x = sketch.Input("x", at);

        var first = sketch.Differentiate(sketch.Emit(op, [x]), x)[x];

        AssertClose(Array.ConvertAll<double, double>(at, op switch
        {
            "Exp" => Math.Exp,
            "Tanh" => t => -2 * Math.Tanh(t) / (Math.Cosh(t) * Math.Cosh(t)),
            "Sigmoid" => t => -Math.Tanh(t / 2) / (4 * Math.Cosh(t / 2) * Math.Cosh(t / 2)),
            "Sqrt" => t => -Math.Pow(t, -1.5) / 4,
            "Log" => t => -1 / (t * t),
            "Reciprocal" => t => 2 / (t * t * t),
            "Sin" => t => -Math.Sin(t),
            _ => t => -Math.Cos(t),
        }), sketch.Gradients(first, x)[0]);
    }

    [TestMethod]
    public void Hessian_vector_product_of_a_linear_layer()
    {
        var sketch = new GraphSketch();
        Value x = sketch.Input("x", [2, 2], 1, 2, 3, 4), w = sketch.Input("w", [2, 1], 1, -1), v = sketch.Input("v", [2, 1], 1, 2);
        var residual = x.MatMul(w);

        // L = Σ (X w)²:  H = 2 XᵀX = [[20, 28], [28, 40]],  H v = [76, 108]
        var gradient = sketch.Differentiate(residual * residual, w)[w];

        AssertClose([76, 108], sketch.Gradients(gradient * v, w)[0]);
    }

    private static void AssertClose(double[] expected, double[] actual)
    {
        Assert.HasCount(expected.Length, actual);
        foreach (var (e, a) in expected.Zip(actual))
            Assert.AreEqual(e, a, 1e-12 * Math.Max(1, Math.Abs(e)), string.Join(", ", actual));
    }
}
