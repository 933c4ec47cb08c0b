namespace Sema.Onnx.Graphs.Upgrade;

/// <summary>A small graph in which one adapter has something to do.</summary>
/// <param name="Op">The operator of the adapter.</param>
/// <param name="Since">The version of the adapter.</param>
/// <param name="Name">What is special about the case.</param>
/// <param name="Build">Builds the graph, of the version before; all outputs of the node that makes the value are compared.</param>
/// <param name="Opset">An older version that the graph is of.</param>
internal sealed record UpgradeCase(string Op, int Since, string Name, Func<Graph, Value> Build, int? Opset = null)
{
    /// <summary>Builds the model anew; each time the same.</summary>
    internal Model Model()
    {
        var model = new Model(new Graph("case")) { IrVersion = 8 };
        model.Opsets[""] = Opset ?? (Since - 1);
        foreach (var output in Build(model.Graph).Producer!.Outputs.OfType<Value>())
            model.Graph.Outputs.Add(output.As(ElementType.Undefined));
        return model;
    }

    public override string ToString() => $"{Op} {Since}, {Name}";
}
