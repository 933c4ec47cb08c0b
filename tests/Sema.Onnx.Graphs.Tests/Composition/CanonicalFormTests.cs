using Sema.Onnx.Graphs.Functions;

namespace Sema.Onnx.Graphs.Composition;

[TestClass]
public sealed class CanonicalFormTests
{
    [TestMethod]
    public void A_model_that_calls_a_function_of_training_graphs_is_refused()
    {
        var model = Empty();
        model.Graph.Outputs.Add(model.Graph.AddNode("ReluGrad", Model.SemaDomain, [model.Graph.Inputs[0], model.Graph.Inputs[0]], [], 1).Output);
        Refused(model, "com.sema.ReluGrad");
    }

    // Training graphs would call it in the place of theirs.
    [TestMethod]
    public void A_model_that_defines_one_is_refused_even_where_nothing_calls_it()
    {
        var model = Empty();
        model.Functions.Add(SemaFunctions.All.Single(f => f.Name == "Convolution"));
        Refused(model, "com.sema.");
    }

    private static Model Empty()
    {
        var graph = new Graph("test");
        graph.AddInput("x", ElementType.Float32, Shape.Of(3));
        return new(graph) { Opsets = { [""] = 17 } };
    }

    private static void Refused(Model model, string named) =>
        Assert.Contains(named, Assert.ThrowsExactly<InvalidModelException>(() => CanonicalForm.Upgrade(model)).Message);
}
