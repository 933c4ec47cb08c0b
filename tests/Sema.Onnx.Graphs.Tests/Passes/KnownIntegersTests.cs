using System.Runtime.InteropServices;

namespace Sema.Onnx.Graphs.Passes;

/// <summary>Every operator of the table gives what ONNX Runtime gives.</summary>
[TestClass]
public sealed class KnownIntegersTests
{
    private static readonly Dictionary<string, Func<Graph, Value>> Cases = new()
    {
        ["Identity"] = g => g.Emit("Identity", [g.Vector(3, 1)]),
        ["Squeeze"] = g => g.Emit("Squeeze", [Table(g).Slice(0, 0, 1), g.Vector(-2)]),
        ["Squeeze all"] = g => g.Emit("Squeeze", [Table(g).Slice(0, 0, 1)]),
        ["Unsqueeze"] = g => g.Emit("Unsqueeze", [Table(g), g.Vector(-1, 0)]),
        ["Reshape"] = g => Table(g).Reshape(0, -1, 1),
        ["Flatten"] = g => g.Emit("Flatten", [Table(g)], ("axis", 2L)),
        ["Transpose"] = g => g.Emit("Transpose", [Table(g).Unsqueeze(0)], ("perm", new long[] { 1, 2, 0 })),
        ["Transpose reversed"] = g => g.Emit("Transpose", [Table(g)]),
        ["Cast"] = g => Table(g).Cast(ElementType.Bool).Cast(ElementType.Int32).Cast(ElementType.Int64),
        ["Shape"] = g => g.Emit("Shape", [Table(g)], ("start", -1L)),
        ["Size"] = g => g.Emit("Size", [Table(g)]),
        ["ConstantOfShape"] = g => g.Emit("ConstantOfShape", [g.Vector(2, 2)], ("value", Tensor.Vector(7))),
        ["Range"] = g => g.Emit("Range", [g.Integer(7), g.Integer(-2), g.Integer(-3)]),
        ["Range of a part"] = g => g.Emit("Range", [g.Integer(0), g.Integer(5), g.Integer(2)]),
        ["Range of nothing"] = g => g.Emit("Range", [g.Integer(4), g.Integer(2), g.Integer(1)]),
        ["Expand"] = g => g.Emit("Expand", [Table(g).Unsqueeze(1), g.Vector(2, 1)]),
        ["Gather"] = g => Table(g).Gather(g.Vector(2, -3, 0).Unsqueeze(0), 1),
        ["Slice"] = g => g.Emit("Slice", [Table(g), g.Vector(0, 5), g.Vector(long.MaxValue, -long.MaxValue), g.Vector(0, -1), g.Vector(1, -2)]),
        ["Slice of nothing"] = g => Table(g).Slice(1, 2, 1),
        ["Concat"] = g => Operators.Concat([Table(g), Table(g).Slice(1, 1, 2)], 1),
        ["Where"] = g => g.Emit("Where", [g.Emit("Less", [g.Vector(1, 4, 9), g.Integer(5)]), Table(g), g.Integer(0)]),
        ["Neg"] = g => g.Emit("Neg", [Table(g)]),
        ["Abs"] = g => g.Emit("Abs", [Table(g)]),
        ["Not"] = g => Count(g.Emit("Not", [g.Emit("Equal", [Table(g), g.Integer(5)])])),
        ["And"] = g => Count(Logical(g, "And")),
        ["Or"] = g => Count(Logical(g, "Or")),
        ["Xor"] = g => Count(Logical(g, "Xor")),
        ["Equal"] = g => Count(g.Emit("Equal", [Table(g), g.Vector(1, -2, 8)])),
        ["Less"] = g => Count(g.Emit("Less", [Table(g), g.Vector(1, 2, 2)])),
        ["LessOrEqual"] = g => Count(g.Emit("LessOrEqual", [Table(g), g.Vector(1, 2, 2)])),
        ["Greater"] = g => Count(g.Emit("Greater", [Table(g), g.Vector(1, 2, 2)])),
        ["GreaterOrEqual"] = g => Count(g.Emit("GreaterOrEqual", [Table(g), g.Vector(1, 2, 2)])),
        ["Add"] = g => Table(g) + g.Vector(1, 2).Unsqueeze(1),
        ["Sub"] = g => Table(g) - g.Vector(1, 2, 3),
        ["Mul"] = g => Table(g) * g.Vector(4),
        ["Div"] = g => Table(g) / g.Vector(2, -1, 3),
        ["Min"] = g => g.Emit("Min", [Table(g), g.Vector(0, 3, 2), g.Integer(4)]),
        ["Max"] = g => g.Emit("Max", [Table(g), g.Vector(0, 3, 2)]),
    };

    public static IEnumerable<string> Names => Cases.Keys;

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void What_is_known_is_what_runs(string name)
    {
        var graph = new Graph("known");
        var y = Cases[name](graph);
        graph.Outputs.Add(y);
        OnnxRunner.InferShapes(graph);

        var known = KnownIntegers.Tensor(y);

        Assert.IsNotNull(known);
        var run = OnnxRunner.Run(graph, new Dictionary<string, Tensor>())[y.Name];
        CollectionAssert.AreEqual(run.Dims.ToList(), known.Sizes.ToList());
        CollectionAssert.AreEqual(run.ToInt64(), known.Elements);
    }

    [TestMethod]
    public void Large_tensors_are_not_known()
    {
        var graph = new Graph("large");

        Assert.IsNull(KnownIntegers.Of(graph.Emit("ConstantOfShape", [graph.Vector(long.MaxValue, long.MaxValue)], ("value", Tensor.Vector(1)))));
        Assert.IsNull(KnownIntegers.Of(graph.Emit("Range", [graph.Integer(long.MinValue), graph.Integer(long.MaxValue), graph.Integer(1)])));
    }

    [TestMethod]
    public void A_known_size_is_known_beside_an_unknown_one()
    {
        var graph = new Graph("open");
        var x = graph.AddInput("x", ElementType.Float32, new Shape([new(-1, "n"), new(4), new(5)]));
        var sizes = graph.Emit("Shape", [x]);

        Assert.IsNull(KnownIntegers.Of(sizes));
        CollectionAssert.AreEqual(new long[] { 4 }, KnownIntegers.Of(sizes.Gather(graph.Vector(1), 0)));
        CollectionAssert.AreEqual(new long[] { 4, 5 }, KnownIntegers.Of(sizes.Slice(0, 1, 3)));
        Assert.IsNull(KnownIntegers.Of(sizes.Gather(graph.Vector(1, 0), 0)));
        Assert.IsNull(KnownIntegers.Of(sizes.Slice(0, 0, 2)));
    }

    private static Value Table(Graph graph) =>
        graph.AddInitializer(graph.UniqueName("table"), new(ElementType.Int64, [2, 3], MemoryMarshal.AsBytes<long>([1, -2, 3, 5, 0, 8]).ToArray()));

    private static Value Logical(Graph graph, string op) => graph.Emit(op, [Table(graph).Cast(ElementType.Bool), graph.Vector(1, 0, 0).Cast(ElementType.Bool)]);

    private static Value Count(Value condition) => condition.Cast(ElementType.Int64);
}
