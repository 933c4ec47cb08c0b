namespace Sema.Onnx.Graphs.Upgrade;

/// <summary>Every change of an operator's form from opset 2 to 7.</summary>
internal static class EarlyAdapters
{
    // Until opset 5 these told an interpreter which inputs it may overwrite.
    private static readonly string[] Consuming =
    [
        "Abs", "Add", "BatchNormalization", "Ceil", "Clip", "Div", "Dropout", "Elu", "Exp", "Floor", "HardSigmoid", "InstanceNormalization",
        "LeakyRelu", "Log", "Max", "Mean", "Min", "Mul", "Neg", "PRelu", "Reciprocal", "Relu", "Sigmoid", "Sqrt", "Sub", "Sum", "Tanh",
    ];

    private static readonly string[] Broadcasting = ["Add", "And", "Div", "Equal", "Greater", "Less", "Mul", "Or", "Pow", "Sub", "Xor"];

    // By code.
    private static readonly string[] TypeNames =
    [
        "UNDEFINED", "FLOAT", "UINT8", "INT8", "UINT16", "INT16", "INT32", "INT64", "STRING", "BOOL", "FLOAT16", "DOUBLE", "UINT32", "UINT64",
        "COMPLEX64", "COMPLEX128",
    ];

    /// <summary>Gets the adapters by operator and the version that changed it.</summary>
    /// <remarks>
    /// No row is needed where 7 broadcasts the bias of Gemm, as 6 did where told to, or counts no padding in AveragePool; nor where GRU 3
    /// got a choice whose default is GRU 1.
    /// </remarks>
    internal static IReadOnlyDictionary<(string Op, int Since), Adapter> Table { get; } = new Dictionary<(string Op, int Since), Adapter>(
    [
        .. Consuming.Select(op => KeyValuePair.Create<(string, int), Adapter>((op, 6), n => n.Without("consumed_inputs"))),
        .. Broadcasting.Select(op => KeyValuePair.Create<(string, int), Adapter>((op, 7), BroadcastAdapters.AtAxis)),
    ])
    {
#pragma warning disable format // a table: aligned columns
        [("BatchNormalization", 7)] = NormalizationAdapters.TrainingByOutputs,
        [("Cast", 6)]             = TypeByCode,
        [("Concat", 4)]           = n => n.With(("axis", n.Int("axis", 1))),
        [("Dropout", 7)]          = n => n.Without("is_test"),
        [("GRU", 7)]              = n => n.Without("output_sequence"),
        [("Gemm", 7)]             = n => n.Without("broadcast"),
        [("GlobalLpPool", 2)]     = WholeNorm,
        [("LSTM", 7)]             = n => n.Without("output_sequence"),
        [("LpPool", 2)]           = WholeNorm,
        [("PRelu", 7)]            = BroadcastAdapters.SlopePerChannel,
        [("Pad", 2)]              = n => n.Has("paddings") ? n.With(new("pads", n.Ints("paddings")!)).Without("paddings") : n,
        [("RNN", 7)]              = n => n.Without("output_sequence"),
        [("Reshape", 5)]          = n => n.ListToInput("shape", 1).Without("consumed_inputs"),
        [("Selu", 6)]             = n => n.With(("alpha", n.Float("alpha", 1.6732f))).With(("gamma", n.Float("gamma", 1.0507f))).Without("consumed_inputs"),
        [("Split", 2)]            = n => n.Optional(1) is { } sizes ? n.WithInput(1, Integers(sizes)) : n,
        [("Tile", 6)]             = TilesOfOneAxis,
        [("Upsample", 7)]         = ScalesOfAllAxes,
#pragma warning restore format
    };

    private static Node TypeByCode(Node node)
    {
        if (node.Attributes.FirstOrDefault(a => a.Name == "to")?.Value is not string name)
            return node;
        var code = Array.IndexOf(TypeNames, name.ToUpperInvariant());
        return code > 0 ? node.With(("to", code)) : throw new InvalidModelException(
            $"Operator 'Cast', node {node.Label}: '{name}' is no type. Export the model again at opset 6 or later.");
    }

    // Until then the norm's exponent was a float.
    private static Node WholeNorm(Node node)
    {
        if (node.Attributes.FirstOrDefault(a => a.Name == "p")?.Value is not float p)
            return node;
        return p == (long)p ? node.With(("p", (long)p)) : throw new InvalidModelException(
            $"Operator '{node.OpType}', node {node.Label}: the exponent p = {p} is no whole number, which opset 2 asks for.");
    }

    // Tile 1 repeats along one axis, Tile 6 along each.
    private static Node TilesOfOneAxis(Node node)
    {
        if (node.Inputs.Count < 3)
            return node;
        var graph = node.Graph;
        var (tiles, axis) = (Integers(node[1]), Integers(node[2]));
        node.Inputs.RemoveAt(2);
        if (node[0].Shape is not { } shape)
            return node.WithInput(1, graph.Emit("ScatterElements", [BroadcastAdapters.Ones(node[0].DynamicShape().DynamicShape()), axis, tiles]));
        var axes = graph.Vector([.. Enumerable.Range(0, shape.Rank).Select(i => (long)i)]);
        return node.WithInput(1, axes.Equal(axis).Where(tiles, graph.Vector(1)));
    }

    // Sizes and axes as an input could be floats, of the data's own type.
    private static Value Integers(Value value) => value.Initializer is { } known && !value.Graph.Inputs.Contains(value)
        ? value.Graph.Vector([.. known.ToFloat64().Select(e => (long)e)])
        : value.Cast(ElementType.Int64).Reshape(-1);

    private static Node ScalesOfAllAxes(Node node)
    {
        if (!node.Has("height_scale") && !node.Has("width_scale"))
            return node;
        node.Set(new("scales", (float[])[1, 1, node.Float("height_scale", 1), node.Float("width_scale", 1)]));
        if (node.Get<string>("mode") == "bilinear")
            node.Set(("mode", "linear"));
        return node.Without("height_scale").Without("width_scale");
    }
}
