namespace Sema.Onnx.Graphs.Upgrade;

/// <summary>Brings a node of one version before to the form that its operator has from one version on.</summary>
/// <param name="node">The node, in the form of the version before.</param>
/// <returns>The node, changed; or <see langword="null"/> where new nodes, in the form of opset 21, took its place.</returns>
internal delegate Node? Adapter(Node node);

/// <summary>Every change of an operator's form after opset 1, up to 21; those up to 7 are <see cref="EarlyAdapters"/>.</summary>
internal static class Adapters
{
    /// <summary>Gets the adapters by operator and the version that changed it.</summary>
    /// <remarks>
    /// A change that leaves older nodes valid and their meaning the same has no row: more types (Add 13, Cast 9, Loop 16), a new
    /// optional input or attribute whose default is the old meaning (MaxPool 10, LSTM 14, Reshape 14, Shape 15, Pad 18, Resize 19,
    /// QuantizeLinear 21), more broadcasting (Max 8), negative axes (Concat 11). Nor has OneHot 11, which reads negative indices from the end
    /// where OneHot 9 leaves their rows off: ONNX Runtime reads them from the end in both.
    /// </remarks>
    internal static IReadOnlyDictionary<(string Op, int Since), Adapter> Table { get; } = new Dictionary<(string Op, int Since), Adapter>(EarlyAdapters.Table)
    {
#pragma warning disable format // a table: aligned columns
        [("BatchNormalization", 9)]   = NormalizationAdapters.OverChannelsOnly,
        [("BatchNormalization", 14)]  = NormalizationAdapters.TrainingAsAttribute,
        [("Clip", 11)]                = n => n.ScalarToInput("min", 1).ScalarToInput("max", 2),
        [("DFT", 20)]                 = n => n.WithInput(2, n.Graph.Integer(n.Int("axis", 1))).Without("axis"),
        [("Dropout", 12)]             = n => n.WithOutputs(1).RatioToInput(),
        [("GridSample", 20)]          = ResizeAdapters.NewModeNames,
        [("GroupNormalization", 21)]  = NormalizationAdapters.PerChannel,
        [("Hardmax", 13)]             = SoftmaxAdapters.OneAxis,
        [("LogSoftmax", 13)]          = SoftmaxAdapters.OneAxis,
        [("MeanVarianceNormalization", 9)] = NormalizationAdapters.OverChannels,
        [("Pad", 11)]                 = n => n.ListToInput("pads", 1).ScalarToInput("value", 2, otherwise: 0),
        [("ReduceL1", 18)]            = n => n.AxesToInput(),
        [("ReduceL2", 18)]            = n => n.AxesToInput(),
        [("ReduceLogSum", 18)]        = n => n.AxesToInput(),
        [("ReduceLogSumExp", 18)]     = n => n.AxesToInput(),
        [("ReduceMax", 18)]           = n => n.AxesToInput(),
        [("ReduceMean", 18)]          = n => n.AxesToInput(),
        [("ReduceMin", 18)]           = n => n.AxesToInput(),
        [("ReduceProd", 18)]          = n => n.AxesToInput(),
        [("ReduceSum", 13)]           = n => n.AxesToInput(),
        [("ReduceSumSquare", 18)]     = n => n.AxesToInput(),
        [("Resize", 11)]              = ResizeAdapters.Coordinates,
        [("Resize", 13)]              = ResizeAdapters.AbsentInputs,
        [("RoiAlign", 16)]            = n => n.With(("coordinate_transformation_mode", "output_half_pixel")),
        [("Scan", 9)]                 = ScanAdapters.OverBatch,
        [("Scatter", 11)]             = n => n.As("ScatterElements"),
        [("Slice", 10)]               = SliceToInputs,
        [("Softmax", 13)]             = SoftmaxAdapters.OneAxis,
        [("Split", 13)]               = n => n.ListToInput("split", 1),
        [("Split", 18)]               = n => n.Optional(1) is null ? n.With(("num_outputs", n.Outputs.Count)) : n,
        [("Squeeze", 13)]             = n => n.AxesToInput(),
        [("TopK", 10)]                = n => n.Has("k") ? n.WithInput(1, n.Graph.Vector(n.Int("k", 0))).Without("k") : n,
        [("Unsqueeze", 13)]           = n => n.ListToInput("axes", 1),
        [("Upsample", 9)]             = ResizeAdapters.ScalesToInput,
        [("Upsample", 10)]            = ResizeAdapters.UpsampleToResize,
#pragma warning restore format
    };

    // Without axes, starts[i] is of axis i, though there may be more axes than starts.
    private static Node SliceToInputs(Node node)
    {
        if (!node.Has("axes"))
            node.Set(("axes", [.. Enumerable.Range(0, node.Ints("starts")?.Length ?? 0).Select(i => (long)i)]));
        return node.ListToInput("starts", 1).ListToInput("ends", 2).ListToInput("axes", 3);
    }
}
