namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class FusedAttentionTests
{
    private const long Batch = 2, Length = 4, Heads = 2, Columns = 5;

    // How an exporter may write it; each gets [batch, length, 3, heads, columns].
    private static readonly Dictionary<string, (string Function, Func<Value, Value> Form)> Forms = new()
    {
        ["split and squeezed, the product scaled"] = ("PackedAttention", x => Joined(Attend(Split(x), s => s * 0.4))),
        ["gathered, the product divided, then masked"] = ("PackedAttention", x => Joined(Attend(Gathered(x), s => Causal(x) + s / 2.5))),
        ["split by columns"] = ("PackedAttention", x => Joined(Attend(ByColumns(x), s => s * 0.4))),
        ["Q and Kᵀ scaled"] = ("PackedAttention", x => Joined(Attend(Split(x), s => s, factor: 0.6))),
        ["no scale"] = ("PackedAttention", x => Joined(Attend(Split(x), s => s))),
        ["a condition that hides"] = ("PackedAttention", x => Joined(Attend(Split(x), s => Later(x).Where(s.Like(float.MinValue), s * 0.4)))),
        ["a condition that shows"] = ("PackedAttention", x => Joined(Attend(Split(x), s => Later(x).Not().Where(s * 0.4, s.Like(double.NegativeInfinity))))),
        ["each transposed from a tensor of its own"] = ("Attention", x => Joined(Attend(Separate(x), s => s * 0.4))),
        ["Kᵀ in one transposition"] = ("Attention", x => Joined(Attend(Separate(x), s => s * 0.4, turned: k => k.Producer![0].Transpose(0, 2, 3, 1)))),
        ["the result not transposed back"] = ("Attention", x => Attend(Separate(x), s => s * 0.4).Reshape(Batch, -1)),
        ["heads and batch as one axis in the middle"] = ("Attention", x => Attend(LengthFirst(x), s => s * 0.4, rank: 3).Transpose(1, 0, 2).Reshape(Batch, -1)),
        ["nothing transposed but K"] = ("Attention", x => Attend(Plain(x), s => s * 0.4).Reshape(Batch, -1)),
        ["Kᵀ that no transposition made"] = ("Attention", x => Attend(Plain(x), s => s * 0.4, turned: k => k.Reshape(Batch, Heads, Columns, Length)).Reshape(Batch, -1)),
        ["Q and V of other parts"] = ("Attention", x => Attend(Split(x) is var (q, k, v) ? (v, k, q) : default, s => s * 0.4).Reshape(Batch, -1)),
    };

    private static readonly Dictionary<string, Func<Value, Value>> Others = new()
    {
        ["softmax over the queries"] = x => Attend(Split(x), s => s, axis: 2),
        ["scores that somebody else reads"] = x => Attend(Split(x), s => Exposed(s) * 0.4),
        ["a mask that makes more scores"] = x => Attend(Split(x) is var (q, k, v) ? (q.Slice(0, 0, 1), k.Slice(0, 0, 1), v) : default, s => s + Constant(x, Batch, 1, 1, 1)),
        ["a condition that only lowers"] = x => Attend(Split(x), s => Later(x).Where(s.Like(-1e4), s)),
        ["a trained scale"] = x => Attend(Split(x), s => s * Trained(x, 1)),
        ["a trained mask"] = x => Attend(Split(x), s => s + Trained(x, Heads, 1, Length).Exp()),
        ["a sum of two products"] = x => Attend(Split(x), s => s + s.Exp()),
        ["dropped out"] = x => Attend(Split(x), s => s, dropped: p => p * Constant(x, 1, 1, 1, Length)),
    };

    public static IEnumerable<object[]> FormNames => Forms.Keys.Select(k => new object[] { k });

    public static IEnumerable<object[]> OtherNames => Others.Keys.Select(k => new object[] { k });

    [TestMethod]
    [DynamicData(nameof(FormNames))]
    public void Attention_is_recognised(string form)
    {
        var (graph, feeds) = Chain(Forms[form].Form);
        using var chain = new FloatRunner(graph);
        var before = chain.Run(feeds)["y"];

        Assert.IsTrue(FusedAttention.Run(graph, []));
        Assert.IsFalse(FusedAttention.Run(graph, []), "The pass ran twice and changed something again.");

        var fused = graph.Extract(["y"]);
        Assert.AreEqual(Forms[form].Function, fused.Nodes.Single(n => n.Domain == Model.SemaDomain).OpType);
        Assert.DoesNotContain("Softmax", fused.Nodes.Select(n => n.OpType));
        if (Forms[form].Function == "PackedAttention")
            Assert.DoesNotContain("Transpose", fused.Nodes.Select(n => n.OpType));
        using var after = new FloatRunner(fused);
        foreach (var (a, b) in before.Zip(after.Run(feeds)["y"]))
            Assert.AreEqual(a, b, 1e-6);
    }

    [TestMethod]
    [DynamicData(nameof(OtherNames))]
    public void What_is_nearly_attention_stays(string form)
    {
        var (graph, _) = Chain(Others[form]);
        Assert.IsFalse(FusedAttention.Run(graph, [.. graph.Initializers.Where(v => v.Name == "trained")]));
    }

    private static Value Attend(
        (Value Q, Value K, Value V) x, Func<Value, Value> scored, int rank = 4, double factor = 1, long axis = -1, Func<Value, Value>? turned = null, Func<Value, Value>? dropped = null)
    {
        var k = turned is not null ? turned(x.K) : x.K.Transpose(rank);
        var scores = scored((factor == 1 ? x.Q : x.Q * factor).MatMul(factor == 1 ? k : k * factor));
        var weights = x.Q.Graph.Emit("Softmax", [scores], ("axis", axis));
        return (dropped?.Invoke(weights) ?? weights).MatMul(x.V);
    }

    // Back to [batch, length, heads · columns].
    private static Value Joined(Value y) => y.Transpose(0, 2, 1, 3).Reshape(Batch, Length, -1);

    private static (Value, Value, Value) Split(Value x)
    {
        var parts = x.Graph.AddNode("Split", "", [x.Transpose(2, 0, 3, 1, 4), x.Graph.Vector(1, 1, 1)], [("axis", 0)], 3).Outputs;
        return (parts[0]!.Squeeze(0), parts[1]!.Squeeze(0), parts[2]!.Squeeze(0));
    }

    private static (Value, Value, Value) Gathered(Value x)
    {
        var front = x.Transpose(2, 0, 3, 1, 4);
        return (front.Gather(x.Graph.Integer(0), 0), front.Gather(x.Graph.Integer(1), 0), front.Gather(x.Graph.Integer(2), 0));
    }

    private static (Value, Value, Value) ByColumns(Value x)
    {
        var parts = x.Graph.AddNode("Split", "", [x.Reshape(Batch, Length, 3 * Heads * Columns), x.Graph.Vector(10, 10, 10)], [("axis", -1)], 3).Outputs;
        return (HeadsFirst(parts[0]!), HeadsFirst(parts[1]!), HeadsFirst(parts[2]!));
    }

    private static (Value, Value, Value) Separate(Value x) => (HeadsFirst(Part(x, 0)), HeadsFirst(Part(x, 1)), HeadsFirst(Part(x, 2)));

    private static (Value, Value, Value) LengthFirst(Value x) => (Middle(Part(x, 0)), Middle(Part(x, 1)), Middle(Part(x, 2)));

    private static (Value, Value, Value) Plain(Value x) => (Flat(Part(x, 0)), Flat(Part(x, 1)), Flat(Part(x, 2)));

    private static Value Part(Value x, long part) => x.Slice(2, part, part + 1).Exp();

    private static Value HeadsFirst(Value part) => part.Reshape(Batch, Length, Heads, Columns).Transpose(0, 2, 1, 3);

    private static Value Middle(Value part) => part.Reshape(Length, Batch * Heads, Columns).Transpose(1, 0, 2);

    private static Value Flat(Value part) => part.Reshape(Batch, Heads, Length, Columns);

    private static Value Later(Value x) => x.Graph.AddInitializer(
        "later", new(ElementType.Bool, [Length, Length], Enumerable.Range(0, 16).Select(i => (byte)(i % 4 > i / 4 ? 1 : 0)).ToArray()));

    private static Value Causal(Value x) => x.Graph.AddInitializer(
        "mask", Tensor.Floats([Length, Length], [.. Enumerable.Range(0, 16).Select(i => i % 4 > i / 4 ? -1e9f : 0)]));

    private static Value Constant(Value x, params long[] dims) => Filled(x, "constant", dims);

    private static Value Trained(Value x, params long[] dims) => Filled(x, "trained", dims);

    private static Value Filled(Value x, string name, long[] dims) =>
        x.Graph.AddInitializer(name, Tensor.Floats(dims, [.. Enumerable.Range(0, (int)Tensor.ElementCount(dims)).Select(i => 0.5f + i)]));

    private static Value Exposed(Value value)
    {
        value.Graph.Outputs.Add(value);
        return value;
    }

    private static (Graph Graph, Dictionary<string, double[]> Feeds) Chain(Func<Value, Value> form)
    {
        var graph = new Graph("chain");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(Batch, Length, 3, Heads, Columns));
        var y = form(x);
        graph.Rename(y, "y");
        graph.Outputs.Insert(0, y);
        var random = new Random(7);
        Dictionary<string, double[]> feeds = new() { ["x"] = [.. Enumerable.Range(0, (int)x.KnownShape.Count).Select(_ => random.NextDouble() * 4 - 2)] };
        FloatRunner.InferShapes(graph, feeds);
        return (graph, feeds);
    }
}
