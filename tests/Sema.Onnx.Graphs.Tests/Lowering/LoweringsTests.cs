using Sema.Onnx.Graphs.Autodiff;
using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Graphs.Upgrade;

namespace Sema.Onnx.Graphs.Lowering;

[TestClass]
public sealed class LoweringsTests
{
    private const int Seed = 20240209;

    public static IEnumerable<object[]> Cases => LoweringCases.All.Select(c => new object[] { c.ToString() });

    public static IEnumerable<object[]> Differentiable => LoweringCases.All
        .Where(c => !c.Rounds && (c.Op != "com.microsoft.GridSample" || GradientRules.Operators.Contains("GridSample"))).Select(c => new object[] { c.ToString() });

    public static IEnumerable<object[]> Refused => LoweringRefusals.All.Select(r => new object[] { r.Case.ToString() });

    public static IEnumerable<object[]> Operators => Lowerings.Operators.Select(op => new object[] { op });

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Lowered_graph_computes_what_the_operator_does(string name)
    {
        Model old = Case(name).Model(), lowered = LoweredModel.Lower(Case(name).Model());
        var feeds = ModelRun.Draw(old, Seed);
        using var before = ModelRun.Session(old);
        using var after = ModelRun.Session(lowered);

        var expected = ModelRun.Run(before, old, feeds);
        var actual = ModelRun.Run(after, lowered, feeds);

        Assert.HasCount(expected.Length, actual);
        foreach (var (e, a) in expected.Zip(actual))
            Assert.IsLessThan(1e-5, e.Difference(a), $"{name}\nold: {e.Type} [{e.Shape}] {Join(e)}\nnew: {a.Type} [{a.Shape}] {Join(a)}");
    }

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Nothing_but_standard_operators_is_left(string name)
    {
        var model = LoweredModel.Lower(Case(name).Model());

        Assert.IsEmpty(model.Graph.Nodes.Where(n => n.Domain.Length > 0 || Lowerings.Table.ContainsKey(n.OpType)));
        Assert.AreEqual("", string.Join(", ", model.Opsets.Keys));
        Assert.AreEqual(21, model.StandardOpset);
    }

    [TestMethod]
    [DynamicData(nameof(Differentiable))]
    public void Gradient_of_the_lowered_graph_agrees_with_central_differences_of_the_operator(string name)
    {
        Model old = Case(name).Model(), lowered = LoweredModel.Lower(Case(name).Model());
        var feeds = ModelRun.Draw(old, Seed);
        var (h, tolerance) = Case(name).HasKinks ? (1e-3f, 5e-3) : (0.02f, 1e-3);
        var random = new Random(Seed + 1);
        using var before = ModelRun.Session(old);
        var weights = ModelRun.Run(before, old, feeds).Select(y => ModelRun.Draw(random, y.Elements.Length)).ToArray();
        var gradients = Gradients(lowered, weights);
        using var after = ModelRun.Session(lowered, Microsoft.ML.OnnxRuntime.GraphOptimizationLevel.ORT_ENABLE_BASIC);
        var exact = ModelRun.Run(after, lowered, feeds);

        foreach (var (input, gradient) in gradients.Zip(exact, (g, e) => (g, e)))
        {
            var direction = ModelRun.Draw(random, feeds[input].Length);
            var derivative = gradient.Elements.Zip(direction, (g, d) => g * d).Sum();
            var numeric = (8 * (Loss(h) - Loss(-h)) - (Loss(2 * h) - Loss(-2 * h))) / (12 * h);
            Assert.AreEqual(numeric, derivative, tolerance * Math.Max(1, Math.Abs(numeric)), $"{name}: {input}");

            double Loss(float step)
            {
                var moved = new Dictionary<string, float[]>(feeds) { [input] = [.. feeds[input].Zip(direction, (x, d) => x + step * d)] };
                return ModelRun.Run(before, old, moved).Zip(weights, (y, v) => IsFloat(y) ? y.Elements.Zip(v, (a, b) => a * b).Sum() : 0).Sum();
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(Refused))]
    public void What_cannot_be_lowered_is_refused_with_the_node_and_the_reason(string name)
    {
        var (refused, reason) = LoweringRefusals.All.Single(r => r.Case.ToString() == name);
        var model = refused.Model();
        LoweredModel.Annotate(model);

        var e = Assert.ThrowsExactly<InvalidModelException>(() => OpsetUpgrade.Run(model));

        Assert.Contains($"'{refused.Op}', node 'the node'", e.Message);
        Assert.Contains(reason, e.Message);
    }

    [TestMethod]
    [DynamicData(nameof(Operators))]
    public void Every_lowering_has_a_case(string op) => Assert.IsNotEmpty(LoweringCases.All.Where(c => c.Op == op), $"'{op}' is lowered but no case tests it.");

    // Appends the gradients of Σ v·y, over the float outputs, as the only outputs; by input.
    private static List<string> Gradients(Model model, float[][] weights)
    {
        var graph = model.Graph;
        var terms = graph.Outputs.Zip(weights).Where(t => t.First.Type.IsFloat()).Select(t =>
            (t.First * graph.AddInitializer(graph.UniqueName("v"), Tensor.Floats(t.First.KnownShape.Sizes, t.Second))).SumAll()).ToArray();
        var loss = graph.Emit("Sum", terms);
        graph.Outputs.Clear();
        LoweredModel.Annotate(model);
        if (ExplicitPadding.Run(graph) | CanonicalMatMul.Run(graph))
            LoweredModel.Annotate(model);
        var wrt = graph.Inputs.Where(x => x.KnownShape.Count > 0).ToList();
        var gradients = Differentiator.Gradients(loss, wrt);
        Assert.HasCount(wrt.Count, gradients);
        graph.Outputs.AddRange(wrt.Select(x => gradients[x].Identity()));
        Functions.SemaFunctions.Attach(model);
        return [.. wrt.Select(x => x.Name)];
    }

    private static bool IsFloat(ModelRun.Output y) => y.Type == Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float;

    private static LoweringCase Case(string name) => LoweringCases.All.Single(c => c.ToString() == name);

    private static string Join(ModelRun.Output output) => string.Join(' ', output.Elements.Take(24));

    // ONNX Runtime checks constants; a weight that stays in its file is none when shapes are asked for.
    [TestMethod]
    public void Weights_smaller_than_their_node_says_are_refused_before_anything_is_allocated()
    {
        var graph = new Graph("small");
        var w = graph.AddInitializer("w", new(ElementType.UInt8, [2, 1, 16], new byte[32]));
        var (x, scale) = (graph.AddInput("x", ElementType.Float32, Shape.Of(2, 16)), graph.AddInput("scale", ElementType.Float32, Shape.Of(2, 1)));
        var node = graph.AddNode("MatMulNBits", Lowerings.RuntimeDomain, [x, w, scale], [("K", 16L), ("N", 1L << 40), ("bits", 8L), ("block_size", 16L)], 1);

        Assert.Contains("its weight 'w' of shape [2, 1, 16] does not hold 1099511627776x1x16 numbers of 8 bits",
            Assert.ThrowsExactly<InvalidModelException>(() => Lowerings.Replace(node)).Message);
    }
}
