using Sema.Onnx.Graphs;
using Attribute = Sema.Onnx.Graphs.Attribute;

namespace Sema.Onnx.Verification.Synthesis;

[TestClass]
public sealed class InputUsesTests
{
    [TestMethod]
    public void An_index_stays_below_the_smallest_axis_that_it_is_taken_of() =>
        Assert.AreEqual(4, Of((i, g) => (Table(g, 9).Gather(i, 0), Table(g, 4).Gather(i.Unsqueeze(0), 0))).Below);

    [TestMethod]
    public void A_place_to_write_to_stays_below_its_axis() =>
        Assert.AreEqual((7L, true), Place(Of((i, g) => (g.Emit("ScatterElements", [Table(g, 7), i.Reshape(1, 1), g.Vector(1).Cast(ElementType.Float32).Reshape(1, 1)]), null))));

    [TestMethod]
    public void Places_that_are_added_to_may_be_equal() => Assert.IsFalse(Of((i, g) =>
        (g.Emit("ScatterElements", [Table(g, 7), i.Reshape(1, 1), g.Vector(1).Cast(ElementType.Float32).Reshape(1, 1)], new Attribute("reduction", "add")), null)).IsPlace);

    // A row of the table, and one element of another.
    [TestMethod]
    [DataRow(1, 7L)]
    [DataRow(2, 1L)]
    public void Places_of_several_axes_stay_below_the_least(int axes, long below) => Assert.AreEqual((below, true), Place(Of((i, g) =>
        (g.Emit("ScatterND", [Table(g, 7), Of(g.Emit("Expand", [i, g.Vector(1, axes)]), 1, axes), g.AddInput("u", ElementType.Float32, axes == 1 ? Shape.Of(1, 1) : Shape.Of(1))]), null))));

    // i + 3 < 9
    [TestMethod]
    public void What_is_added_to_an_index_lowers_its_bound() =>
        Assert.AreEqual(6, Of((i, g) => (Table(g, 9).Gather((i.Cast(ElementType.Int64) + g.Integer(3)).As(ElementType.Int64), 0), null)).Below);

    [TestMethod]
    public void The_depth_of_a_one_hot_is_a_bound() => Assert.AreEqual(5, Of((i, g) =>
        (g.Emit("OneHot", [i, g.Integer(5), g.AddInitializer("values", Tensor.Floats([2], [0, 1]))]), null)).Below);

    [TestMethod]
    public void Constants_that_it_is_compared_with_are_its_choices()
    {
        var use = Of((i, g) => (i.Equal(g.Integer(16000)), i.Reshape(1).Equal(g.Integer(8000))));

        CollectionAssert.AreEqual(new long[] { 8000, 16000 }, use.Choices.ToList());
        Assert.IsNull(use.Below);
    }

    [TestMethod]
    public void What_inner_graphs_do_with_it_counts()
    {
        var use = Of((i, g) =>
        {
            var inner = new Graph("then", g);
            inner.Outputs.Add(Table(g, 6).Gather(i, 0));
            inner.Nodes.Add(g.Nodes[^1]);
            g.Nodes.RemoveAt(g.Nodes.Count - 1);
            var condition = g.AddInput("condition", ElementType.Bool, Shape.Of());
            return (g.Emit("If", [condition], new Attribute("then_branch", inner), new Attribute("else_branch", inner)), null);
        });

        Assert.AreEqual(6, use.Below);
    }

    [TestMethod]
    public void The_end_of_a_range_is_a_length() => Assert.IsTrue(Of((i, g) => (g.Emit("Range", [g.Integer(0), i, g.Integer(1)]), null)).IsLength);

    [TestMethod]
    public void A_number_is_told_from_an_index()
    {
        var use = Of((i, g) => (i.Cast(ElementType.Float32), null));

        Assert.IsTrue(use.IsNumber);
        Assert.IsNull(use.Below);
    }

    private static (long?, bool) Place(InputUse use) => (use.Below, use.IsPlace);

    private static Value Of(Value value, params long[] sizes)
    {
        value.Shape = Shape.Of(sizes);
        return value;
    }

    private static InputUse Of(Func<Value, Graph, (Value, Value?)> build)
    {
        var graph = new Graph("uses");
        var input = graph.AddInput("i", ElementType.Int64, Shape.Of());
        build(input, graph);
        return new InputUses(graph).Of(input);
    }

    private static Value Table(Graph graph, long rows) => graph.AddInitializer(graph.UniqueName("table"), Tensor.Floats([rows, 1], new float[rows]));
}
