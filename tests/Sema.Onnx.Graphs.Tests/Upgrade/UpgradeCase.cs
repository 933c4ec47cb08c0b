namespace Sema.Onnx.Graphs.Upgrade;

/// <summary>A small graph in which one adapter has something to do.</summary>
/// <param name="Op">The operator of the adapter.</param>
/// <param name="Since">The version of the adapter.</param>
/// <param name="Name">What is special about the case.</param>
/// <param name="Build">Builds the graph, of the version before; all outputs of the node that makes the value are compared.</param>
/// <param name="Opset">An older version that the graph is of.</param>
/// <param name="Later">Builds what the graph means at opset 21, where ONNX Runtime cannot run it as it is.</param>
internal sealed record UpgradeCase(string Op, int Since, string Name, Func<Graph, Value> Build, int? Opset = null, Func<Graph, Value>? Later = null)
{
    /// <summary>Gets whether the operator is one that the standard gave up.</summary>
    internal bool IsExperiment => Experiments.Table.ContainsKey(Op);

    /// <summary>Builds the model anew; each time the same.</summary>
    internal Model Model() => Model(Build, Opset ?? (Since - 1), 8);

    /// <summary>Builds the model that tells what is right.</summary>
    internal Model Reference() => Later is null ? Model() : Model(Later, Graphs.Model.Opset, 10);

    private static Model Model(Func<Graph, Value> build, int opset, int version)
    {
        var model = new Model(new Graph("case")) { IrVersion = version };
        model.Opsets[""] = opset;
        foreach (var output in build(model.Graph).Producer!.Outputs.OfType<Value>())
            model.Graph.Outputs.Add(output.As(ElementType.Undefined));
        return model;
    }

    public override string ToString() => $"{Op} {Since}, {Name}";
}
