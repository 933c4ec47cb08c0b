using static Sema.Onnx.Graphs.Autodiff.ControlFlowCases;

namespace Sema.Onnx.Graphs.Autodiff;

/// <summary>What the case table cannot say of branches and loops.</summary>
[TestClass]
public sealed class ControlFlowTests
{
    public static IEnumerable<object[]> ScanChecks =>
        from number in Enumerable.Range(0, Scans.Length)
        from known in Enum.GetValues<Known>()
        select new object[] { number, known };

    [TestMethod]
    [DynamicData(nameof(ScanChecks))]
    public void Scan_agrees_with_central_differences(int number, Known known)
    {
        var c = Scans[number] with { Op = "Scan" };

        Assert.IsLessThan(1e-9, GradientCheck.RelativeError(c, known, seed: 20240209 + number), $"{c}");
    }

    [TestMethod]
    [DataRow(2, 8.0)]
    [DataRow(-2, 1.0)]
    public void Branch_is_chosen_by_the_data(double x, double expected)
    {
        var sketch = new GraphSketch();
        Value a = sketch.Input("a", 4, 4), at = sketch.Input("x", x);
        var condition = at.SumAll().Greater(sketch.Graph.Scalar(0, ElementType.Float64));

        // a² where x > 0, else a
        var y = Branch(sketch.Graph, condition, t => t.Emit("Mul", [a, a]), e => e.Emit("Identity", [a]));

        CollectionAssert.AreEqual(new[] { expected, expected }, sketch.Gradients(y, a)[0]);
    }

    [TestMethod]
    [DataRow(1, 4)]     // 1 → 2 → 4 → 8 → 16
    [DataRow(3, 2)]
    [DataRow(20, 0)]
    public void Loop_ends_when_the_data_say_so(double x, int doublings)
    {
        var sketch = new GraphSketch();
        Value start = sketch.Input("x", x), two = sketch.Input("two", 2), ten = sketch.Graph.Scalar(10, ElementType.Float64);
        var loop = Loop(sketch.Graph, start, (b, v) => b.Emit("Mul", [v, two]), (b, next) => b.Emit("Less", [b.Emit("ReduceSum", [next], ("keepdims", 0L)), ten]),
            sketch.Graph.Emit("Less", [start.SumAll(), ten]).As(ElementType.Bool));

        var gradients = sketch.Gradients(loop, start, two);

        // y = x·2ⁿ:  dx = 2ⁿ, d2 = n·x·2ⁿ⁻¹
        Assert.AreEqual(Math.Pow(2, doublings), gradients[0][0]);
        Assert.AreEqual(doublings * x * Math.Pow(2, doublings - 1), gradients[1][0]);
    }

    [TestMethod]
    public void Second_derivative_goes_through_a_branch_and_a_loop()
    {
        var sketch = new GraphSketch();
        Value x = sketch.Input("x", 0.5, 0.8), yes = sketch.Graph.AddInitializer("yes", new(ElementType.Bool, [], new byte[] { 1 }));
        var looped = Loop(sketch.Graph, x, (b, v) => b.Emit("Mul", [v, v]), null, null);
        var y = Branch(sketch.Graph, yes, t => t.Emit("Mul", [looped, x]), e => e.Emit("Identity", [x]));

        // Three squarings, and once more: y = x⁹, y'' = 72 x⁷
        var first = sketch.Differentiate(y, x)[x];
        var second = sketch.Gradients(first, x)[0];

        Assert.AreEqual(72 * Math.Pow(0.5, 7), second[0], 1e-12);
        Assert.AreEqual(72 * Math.Pow(0.8, 7), second[1], 1e-12);
    }

    [TestMethod]
    public void Only_states_that_are_needed_are_stacked()
    {
        var sketch = new GraphSketch();
        Value x = sketch.Input("x", 1, 2), w = sketch.Input("w", 3, 4);
        var y = Loop(sketch.Graph, x, (b, v) => b.Emit("Add", [v, w]), null, null);
        var loop = y.Producer!;

        Assert.AreEqual("3 3", string.Join(' ', sketch.Gradients(y, w)[0]));

        Assert.HasCount(2, loop.Outputs);   // x, and the numbers of the iterations
    }

    [TestMethod]
    public void Operator_without_rule_inside_a_body_is_named_with_the_weights_outside()
    {
        var sketch = new GraphSketch();
        Value w = sketch.Input("w", [1, 2, 1], 1, 2), yes = sketch.Graph.AddInput("yes", ElementType.Bool, Shape.Of());
        var y = Branch(sketch.Graph, yes, t => t.Emit("DFT", [t.Emit("Mul", [w, w]), null, t.Integer(1).Identity()]), e => e.Emit("Identity", [w]));
        var loss = y.SumAll();
        OnnxRunner.InferShapes(sketch.Graph);

        var e = Differentiator.Obstacles(loss, [w]).Single();

        Assert.AreEqual(("DFT", "w"), (e.Operator, e.Weights.Single()));
        Assert.AreEqual("DFT", Assert.ThrowsExactly<GradientNotDefinedException>(() => Differentiator.Gradients(loss, [w])).Operator);
    }

    [TestMethod]
    public void Body_that_draws_random_numbers_has_no_rule()
    {
        var sketch = new GraphSketch();
        var x = sketch.Input("x", 1, 2);
        var y = Loop(sketch.Graph, x, (b, v) => b.Emit("Mul", [v, b.Emit("RandomUniformLike", [v])]), null, null);

        Assert.AreEqual("Loop", Assert.ThrowsExactly<GradientNotDefinedException>(() => sketch.Differentiate(y, x)).Operator);
    }

    [TestMethod]
    public void State_that_grows_is_refused_where_its_values_are_needed()
    {
        var sketch = new GraphSketch();
        Value x = sketch.Input("x", 1, 2), w = sketch.Input("w", [1], 3);
        var y = Loop(sketch.Graph, x, (b, v) => b.Emit("Concat", [b.Emit("Mul", [v, w]), v], ("axis", 0L)), null, null);

        var e = Assert.ThrowsExactly<InvalidModelException>(() => sketch.Differentiate(y, w));

        Assert.Contains("its state 'v' changes its size from iteration to iteration", e.Message);
    }

    // x = next(x), three times, or while the condition holds.
    private static Value Loop(Graph graph, Value x, Func<Graph, Value, Value> next, Func<Graph, Value, Value>? goOn, Value? start)
    {
        var body = new Graph("body", graph);
        body.AddInput("i", ElementType.Int64, Shape.Of());
        var condition = body.AddInput("go", ElementType.Bool, Shape.Of());
        var result = next(body, body.AddInput("v", ElementType.Undefined, null));
        body.Outputs.AddRange([goOn is null ? body.Emit("Identity", [condition]) : goOn(body, result).As(ElementType.Bool), result]);
        return graph.AddNode("Loop", "", [goOn is null ? graph.Integer(3) : null, start, x], [new("body", body)], 1).Output.As(ElementType.Undefined);
    }
}
