namespace Sema.Onnx.Graphs;

[TestClass]
public sealed class GraphTests
{
    [TestMethod]
    public void Replacement_takes_the_name_the_readers_and_the_place_of_the_old_value()
    {
        var (graph, x, y, z) = Chain();

        graph.ReplaceNode(y.Producer!, () => [x.Sin().Cos()]);

        Assert.AreEqual("Sin, Cos, Neg", Operators(graph));
        Assert.AreEqual("y", z.Producer![0].Name);
        Assert.AreSame(graph.Find("y"), graph.Outputs[0]);
        Assert.AreEqual("y, z", string.Join(", ", graph.Outputs.Select(o => o.Name)));
    }

    [TestMethod]
    public void Output_replaced_by_an_input_keeps_its_name()
    {
        var (graph, x, y, z) = Chain();

        graph.ReplaceNode(y.Producer!, () => [x]);

        Assert.AreSame(x, z.Producer![0]);
        Assert.AreEqual("y, z", string.Join(", ", graph.Outputs.Select(o => o.Name)));
        Assert.AreEqual("Neg, Identity", Operators(graph));
    }

    [TestMethod]
    public void Output_replaced_by_another_output_keeps_its_name_and_so_does_the_other()
    {
        var (graph, _, y, z) = Chain();

        graph.ReplaceNode(z.Producer!, () => [y]);

        Assert.AreSame(y, graph.Outputs[0]);
        Assert.AreEqual("y, z", string.Join(", ", graph.Outputs.Select(o => o.Name)));
        Assert.AreSame(y, graph.Outputs[1].Producer![0]);
    }

    [TestMethod]
    public void Replacement_reaches_the_readers_in_subgraphs()
    {
        var (graph, x, y, _) = Chain();
        var body = new Graph("body", graph);
        var inner = body.AddNode("Neg", "", [y], [], 1);
        var node = graph.AddNode("Loop", "", [], [new("body", body)], 1);

        graph.Replace(y, x);

        Assert.AreSame(x, inner[0]);
        Assert.AreSame(x, node.Captured.Single());
    }

    [TestMethod]
    public void Names_are_unique_across_the_graphs_around()
    {
        var (graph, _, _, _) = Chain();
        var body = new Graph("body", graph);

        Assert.AreEqual("x_1", body.UniqueName("x"));
        Assert.AreEqual("free", body.UniqueName("free"));
        Assert.Contains("The name 'x' is given to two values", Assert.ThrowsExactly<InvalidModelException>(() => graph.AddInput("x", default, null)).Message);
    }

    [TestMethod]
    public void Equal_constants_are_one()
    {
        var graph = new Graph("constants");

        Assert.AreSame(graph.Vector(1, 2), graph.Vector(1, 2));
        Assert.AreNotSame(graph.Vector(1), graph.Integer(1));
        Assert.AreSame(graph.Scalar(1, ElementType.Float32), graph.Scalar(1, ElementType.Float32));
        Assert.AreNotSame(graph.Scalar(1, ElementType.Float32), graph.Scalar(1, ElementType.Float64));
    }

    [TestMethod]
    [DataRow(-3L, 0)]
    [DataRow(2L, 2)]
    [DataRow(-1L, 2)]
    public void Axis_is_counted_from_the_front(long axis, int expected) => Assert.AreEqual(expected, Softmax(axis).Axis("axis", 0, 3));

    [TestMethod]
    [DataRow(3L)]
    [DataRow(-4L)]
    [DataRow(long.MinValue)]
    public void Axis_outside_the_tensor_is_refused(long axis) => Assert.Contains(
        $"axis {axis} is outside a tensor of rank 3", Assert.ThrowsExactly<InvalidModelException>(() => Softmax(axis).Axis("axis", 0, 3)).Message);

    [TestMethod]
    public void Missing_input_is_named() => Assert.Contains(
        "Operator 'Softmax', node that makes 'Softmax', lacks its input 1", Assert.ThrowsExactly<InvalidModelException>(() => Softmax(0)[1]).Message);

    private static Node Softmax(long axis)
    {
        var graph = new Graph("axes");
        return graph.AddNode("Softmax", "", [graph.AddInput("x", ElementType.Float32, null)], [("axis", axis)], 1);
    }

    // x → Exp → y → Neg → z, and both are outputs
    private static (Graph Graph, Value X, Value Y, Value Z) Chain()
    {
        var graph = new Graph("chain");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(2));
        var y = graph.Renamed(x.Exp(), "y");
        var z = graph.Renamed(-y, "z");
        graph.Outputs.AddRange([y, z]);
        return (graph, x, y, z);
    }

    private static string Operators(Graph graph) => string.Join(", ", graph.Nodes.Select(n => n.OpType));
}
