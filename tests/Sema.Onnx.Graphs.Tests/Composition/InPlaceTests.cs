using Sema.Onnx.Graphs.Optimizers;

namespace Sema.Onnx.Graphs.Composition;

[TestClass]
public sealed class InPlaceTests
{
    private readonly Graph _graph = new("test");
    private readonly Value _x;

    public InPlaceTests() => _x = _graph.AddInput("x", ElementType.Float32, new Shape(new Dimension(-1, "n")));

    [TestMethod]
    public void The_only_reader_may_write() => InPlace.Prove(_x, _x * 2.0);

    [TestMethod]
    public void Readers_before_the_writer_are_safe() => InPlace.Prove(_x, (_x * 2.0) + _x);

    [TestMethod]
    public void A_writer_that_does_not_read_the_input_is_safe_after_all_readers() => InPlace.Prove(_x, (_x * 2.0).Exp());

    [TestMethod]
    public void A_view_that_only_the_writer_reads_is_safe() => InPlace.Prove(_x, _x.Reshape(-1) * 2.0);

    [TestMethod]
    public void A_reader_beside_the_writer_is_refused()
    {
        var written = _x * 2.0;
        var late = _x + 1.0;
        late.Producer!.Name = "the late one";
        Refused(written, "'the late one' (Add) reads it and may run later");
    }

    [TestMethod]
    public void A_reader_after_the_writer_is_refused()
    {
        var written = _x * 2.0;
        _ = written + _x;
        Refused(written, "(Add) reads it and may run later");
    }

    [TestMethod]
    public void A_late_reader_of_a_view_is_refused()
    {
        var view = _x.Reshape(1, -1);
        var written = view.Squeeze(0) * 2.0;
        _ = view + 1.0;
        Refused(written, "(Add) reads it and may run later");
    }

    [TestMethod]
    public void A_view_that_is_an_output_is_refused()
    {
        var view = _x.Identity();
        var written = view * 2.0;
        _graph.Outputs.Add(view);
        Refused(written, $"the output '{view.Name}' may be a view of it");
    }

    [TestMethod]
    public void A_late_reader_in_an_inner_graph_is_refused()
    {
        var written = _x * 2.0;
        var body = new Graph("body", _graph);
        body.Outputs.Add(body.Emit("Neg", [_x]));
        _graph.AddNode("If", "", [_graph.AddInput("condition", ElementType.Bool, new Shape())], [new("then_branch", body), new("else_branch", body)], 1);
        Refused(written, "(If) reads it and may run later");
    }

    [TestMethod]
    public void A_writer_that_mixes_elements_is_refused() => Refused(_graph.Emit("Softmax", [_x]), "(Softmax) that writes it may still read the input");

    [TestMethod]
    public void An_input_that_is_an_output_is_refused()
    {
        _graph.Outputs.Add(_x);
        Refused(_x * 2.0, "it is an output itself");
    }

    [TestMethod]
    public void What_no_node_computes_cannot_be_written() => Refused(_graph.AddInput("y", ElementType.Float32, new Shape()), "'y' is not computed");

    [TestMethod]
    public void Every_update_and_the_blend_prove_themselves()
    {
        Optimizer[] optimizers = [new Sgd(), new Sgd { Momentum = 0.9 }, new Sgd { Momentum = 0.9, Nesterov = true }, new Adam(), new AdamW()];
        foreach (var optimizer in optimizers)
        {
            var graph = UpdateGraph.Build(optimizer, 3).Graph;
            // weights, slots and averages: each written over itself
            Assert.HasCount(1 + optimizer.Slots.Count + 3, graph.Outputs);
            foreach (var output in graph.Outputs)
                InPlace.Prove(graph.Find(output.Name[UpdateGraph.Next.Length..])!, output);
        }

        var blend = BlendGraph.Build().Graph;
        InPlace.Prove(blend.Find(BlendGraph.A)!, blend.Find(BlendGraph.Result)!);
    }

    private void Refused(Value written, string reason)
    {
        var error = Assert.ThrowsExactly<InvalidModelException>(() => InPlace.Prove(_x, written));
        StringAssert.Contains(error.Message, reason, StringComparison.Ordinal);
    }
}
