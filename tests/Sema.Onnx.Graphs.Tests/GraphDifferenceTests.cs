namespace Sema.Onnx.Graphs;

[TestClass]
public sealed class GraphDifferenceTests
{
    [TestMethod]
    public void Float_values_names_of_nodes_and_words_about_the_file_may_differ()
    {
        var other = Build(model =>
        {
            model.Graph.Find("w")!.Initializer = Tensor.Floats([2, 2], [5, 6, 7, 8]);
            model.Graph.Nodes[0].Name = "another";
            model.Producer = "another";
            model.Metadata["author"] = "another";
        });
        Assert.IsNull(GraphDifference.Find(Build(), other));
    }

    [TestMethod]
    public void The_first_difference_is_named()
    {
        Differs("operator sets ai.onnx 21 and ai.onnx 20", m => m.Opsets[""] = 20);
        Differs("1 and 2 inputs", m => m.Graph.AddInput("more", ElementType.Float32, null));
        Differs("input 'x' (float32 [2, 2])", m => m.Graph.Inputs[0].Shape = Shape.Of(3, 2));
        Differs("output 'y'", m => m.Graph.Outputs[0].Type = ElementType.Float64);
        Differs("weight 'w' is float32 [2, 2] in the one and float32 [2, 3]", m => m.Graph.Find("w")!.Initializer = Tensor.Floats([2, 3], new float[6]));
        Differs("'w' is float32 [2, 2] in the one and float16 [2, 2]", m => m.Graph.Find("w")!.Initializer = new Tensor(ElementType.Float16, [2, 2], new byte[8]));
        Differs("constant 'axes' (int64 [1]) has other values", m => m.Graph.Find("axes")!.Initializer = Tensor.Vector(0));
        Differs("only one of them has the weight 'b'", m => m.Graph.AddInitializer("b", Tensor.Scalar(1.0, ElementType.Float32)));
        Differs("3 and 4 nodes", m => m.Graph.Emit("Relu", [m.Graph.Find("x")!]));
        Differs("is Relu in the one and Tanh in the other", m => m.Graph.Nodes[1].OpType = "Tanh");
        Differs("reads other values", m => m.Graph.Nodes[0].Inputs.Reverse());
        Differs("has other attributes", m => m.Graph.Nodes[2].Set(("keepdims", 0)));
    }

    [TestMethod]
    public void A_difference_is_one_from_either_side()
    {
        var fewer = Build();
        var more = Build(m => m.Graph.AddInitializer("b", Tensor.Scalar(1.0, ElementType.Float32)));
        Assert.IsNotNull(GraphDifference.Find(fewer, more));
        Assert.IsNotNull(GraphDifference.Find(more, fewer));
    }

    [TestMethod]
    public void Graphs_within_nodes_are_compared_and_their_constants_found()
    {
        Assert.IsNull(GraphDifference.Find(Branches(1, "Relu"), Branches(2, "Relu")));
        StringAssert.Contains(GraphDifference.Find(Branches(1, "Relu"), Branches(1, "Tanh")), "Tanh");
        Assert.AreEqual("inner", GraphDifference.Constants(Branches(1, "Relu").Graph).Single().Name);
    }

    [TestMethod]
    public void Functions_are_compared_with_their_constants()
    {
        Assert.IsNull(GraphDifference.Find(WithFunction(1), WithFunction(1)));
        StringAssert.Contains(GraphDifference.Find(WithFunction(1), WithFunction(2)), "function 'Shift'");
        StringAssert.Contains(GraphDifference.Find(WithFunction(1), Build()), "1 and 0 functions");
    }

    private static void Differs(string says, Action<Model> change)
    {
        var difference = GraphDifference.Find(Build(), Build(change));
        Assert.IsNotNull(difference, says);
        StringAssert.Contains(difference, says);
    }

    // y = ReduceSum(Relu(x w), axes)
    private static Model Build(Action<Model>? change = null)
    {
        var graph = new Graph("g");
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(2, 2));
        var hidden = graph.Emit("Relu", [graph.Emit("MatMul", [x, graph.AddInitializer("w", Tensor.Floats([2, 2], [1, 2, 3, 4]))])]);
        var y = graph.Renamed(graph.Emit("ReduceSum", [hidden, graph.AddInitializer("axes", Tensor.Vector(1))], ("keepdims", 1)), "y");
        (y.Type, y.Shape) = (ElementType.Float32, Shape.Of(2, 1));
        graph.Outputs.Add(y);
        var model = new Model(graph) { Opsets = { [""] = Model.Opset } };
        change?.Invoke(model);
        return model;
    }

    private static Model Branches(float value, string op)
    {
        var graph = new Graph("g");
        var condition = graph.AddInput("condition", ElementType.Bool, new Shape());
        var branch = new Graph("branch", graph);
        branch.Outputs.Add(branch.Emit(op, [branch.AddInitializer("inner", Tensor.Floats([1], [value]))]));
        graph.Outputs.Add(graph.Emit("If", [condition], new Attribute("then_branch", branch)));
        return new Model(graph) { Opsets = { [""] = Model.Opset } };
    }

    private static Model WithFunction(float value)
    {
        var body = new Graph("Shift") { IsFunctionBody = true };
        var x = body.AddInput("x", ElementType.Undefined, null);
        body.Outputs.Add(x + body.AddInitializer("by", Tensor.Floats([], [value])));
        var model = Build();
        model.Functions.Add(new Function("own", "Shift", [], body));
        return model;
    }
}
