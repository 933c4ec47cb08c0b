namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class FusedGeluTests
{
    private static readonly Dictionary<string, Func<Value, Value>> Forms = new()
    {
        ["x (1 + erf(x/√2)) / 2"] = x => x * (Erf(x / Math.Sqrt(2)) + 1) * 0.5,
        ["x/2 (1 + erf(x·0.707))"] = x => x * 0.5 * (Erf(x * Math.Sqrt(0.5)) + 1),
        ["(1 + erf) x/2"] = x => (Erf(x / Math.Sqrt(2)) + 1) * (0.5 * One(x) * x),
        ["x ((1 + erf)/2)"] = x => x * ((1 * One(x) + Erf(x / Math.Sqrt(2))) * 0.5),
        ["tanh, x to the power of 3"] = x => x * 0.5 * ((Math.Sqrt(2 / Math.PI) * One(x) * (x + x.Pow(x.Like(3)) * 0.044715)).Tanh() + 1),
        ["tanh, x x x"] = x => x * 0.5 * (((x + x * x * x * 0.044715) * Math.Sqrt(2 / Math.PI)).Tanh() + 1),
    };

    private static readonly Dictionary<string, Func<Value, Value>> Others = new()
    {
        ["another factor"] = x => x * (Erf(x / Math.Sqrt(2)) + 1) * 0.6,
        ["another width"] = x => x * (Erf(x / 2) + 1) * 0.5,
        ["erf of something else"] = x => x * (Erf(x.Exp() / Math.Sqrt(2)) + 1) * 0.5,
        ["tanh of something else"] = x => x * 0.5 * (((x + x * x * 0.044715) * Math.Sqrt(2 / Math.PI)).Tanh() + 1),
        ["two in place of one"] = x => x * (Erf(x / Math.Sqrt(2)) + 2) * 0.5,
    };

    public static IEnumerable<object[]> FormNames => Forms.Keys.Select(k => new object[] { k });

    public static IEnumerable<object[]> OtherNames => Others.Keys.Select(k => new object[] { k });

    [TestMethod]
    [DynamicData(nameof(FormNames))]
    public void Gelu_is_recognised(string form)
    {
        var (graph, feeds) = Chain(Forms[form]);
        using var chain = new FloatRunner(graph);
        var before = chain.Run(feeds)["y"];

        Assert.IsTrue(FusedGelu.Run(graph));

        var y = graph.Outputs.Single();
        Assert.AreEqual(("Gelu", "y", form is ['t', ..] ? "tanh" : "none"), (y.Producer!.OpType, y.Name, y.Producer.Get<string>("approximate")));
        Assert.AreSame(graph.Inputs.Single(), y.Producer[0]);
        using var fused = new FloatRunner(graph);
        foreach (var (a, b) in before.Zip(fused.Run(feeds)["y"]))
            Assert.AreEqual(a, b, 1e-6);
        Assert.IsFalse(FusedGelu.Run(graph), "The pass ran twice and changed something again.");
    }

    [TestMethod]
    [DynamicData(nameof(OtherNames))]
    public void What_is_nearly_Gelu_stays(string form) => Assert.IsFalse(FusedGelu.Run(Chain(Others[form]).Graph));

    private static Value Erf(Value x) => x.Graph.Emit("Erf", [x]);

    // A constant of 1, so that a product can begin with a number.
    private static Constant One(Value x) => new(x);

    private static (Graph Graph, Dictionary<string, double[]> Feeds) Chain(Func<Value, Value> form)
    {
        var graph = new Graph("chain");
        var y = form(graph.AddInput("x", ElementType.Float32, Shape.Of(3, 5)));
        graph.Rename(y, "y");
        graph.Outputs.Add(y);
        Dictionary<string, double[]> feeds = new() { ["x"] = [.. Enumerable.Range(0, 15).Select(i => (i - 7) / 2.0)] };
        FloatRunner.InferShapes(graph, feeds);
        return (graph, feeds);
    }

    // A number on the left of an operator.
    private readonly record struct Constant(Value Like, double Number = 1)
    {
        public static Constant operator *(double number, Constant one) => one with { Number = number };

        public static Value operator *(Constant left, Value right) => left.Like.Like(left.Number) * right;

        public static Value operator +(Constant left, Value right) => left.Like.Like(left.Number) + right;
    }
}
