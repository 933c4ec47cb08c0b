using Sema.Onnx.Graphs.Autodiff;

namespace Sema.Onnx.Graphs.Functions;

[TestClass]
public sealed class SemaFunctionsTests
{
    [TestMethod]
    public void Every_function_is_reached_by_a_case_of_a_gradient_rule_or_placed_by_a_pass()
    {
        string[] placed = ["Convolution", "MaxPoolTraining", "Attention", "PackedAttention", "LinearWeightGrad", "After"];
        string[] composite =
        [
            "Conv", "MaxPool", "AveragePool", "LpPool", "BatchNormalization", "com.sema.BatchNormalizationTraining",
            "com.sema.BatchNormalizationClipTraining", "com.sema.LayerNormalizationTraining", "LayerNormalization", "Relu", "Gelu",
            "GroupNormalization", "Softmax", "LogSoftmax", "Gather", "com.sema.CrossEntropy", "RNN", "GRU", "LSTM", "com.sema.LSTMTraining", "com.sema.GRUTraining",
            "com.sema.RNNTraining", "com.sema.FakeQuantize", "com.sema.FakeFloor", "com.sema.FakeFloat8", "com.sema.ClipToGrid", "com.sema.Attention", "com.sema.PackedAttention", "MatMul",
        ];

        var called = composite.SelectMany(GradientCases.Of).SelectMany(c => GradientCheck.GradientGraph(c).Nodes)
            .Where(n => n.Domain == Model.SemaDomain).Select(n => n.OpType).Concat(placed);

        Assert.AreEqual(
            string.Join(", ", SemaFunctions.All.Select(f => f.Name)), string.Join(", ", called.Distinct().Order(StringComparer.Ordinal)));
    }

    [TestMethod]
    public void Functions_are_attached_once_and_only_where_called()
    {
        var graph = new Graph("calls");
        graph.Outputs.Add(graph.Call("SoftmaxGrad", [graph.AddInput("dY", ElementType.Float32, null), graph.AddInput("Y", ElementType.Float32, null)]));
        var model = new Model(graph);

        SemaFunctions.Attach(model);
        SemaFunctions.Attach(model);

        Assert.AreEqual("SoftmaxGrad", model.Functions.Single().Name);
        Assert.AreEqual(1, model.Opsets[Model.SemaDomain]);
    }

    [TestMethod]
    public void Model_without_calls_stays_free_of_the_domain()
    {
        var model = new Model(new Graph("plain"));

        SemaFunctions.Attach(model);

        Assert.IsEmpty(model.Functions);
        Assert.IsEmpty(model.Opsets);
    }
}
