namespace Sema.Onnx.Graphs.Upgrade;

/// <summary>At least one case for each adapter.</summary>
internal static class UpgradeCases
{
#pragma warning disable format // a table: aligned columns
    internal static readonly UpgradeCase[] All =
    [
        new("BatchNormalization", 9, "over elements",          g => g.Op("BatchNormalization", [g.In(2, 3, 4), g.In(3, 4), g.In(3, 4), g.In(3, 4), g.In(3, 4).Square()], ("spatial", 0), ("epsilon", 0.01f))),
        new("BatchNormalization", 9, "over channels",          g => g.Op("BatchNormalization", [g.In(2, 3, 4), g.In(3), g.In(3), g.In(3), g.In(3).Square()], ("spatial", 1))),
        new("BatchNormalization", 14, "training",              TrainedBatchNormalization),
        new("Clip", 11, "both ends",                           g => g.Op("Clip", [g.In(2, 3)], ("min", -0.5f), ("max", 0.25f))),
        new("Clip", 11, "one end, type unknown",               g => g.Op("Clip", [g.Hidden(2, 3)], ("max", 0.25f))),
        new("DFT", 20, "default axis",                         g => g.Op("DFT", [g.In(1, 4, 3, 1)])),
        new("DFT", 20, "axis and length",                      g => g.Op("DFT", [g.In(1, 4, 3, 2), g.Integer(5)], ("axis", 2), ("inverse", 1))),
        new("Dropout", 12, "ratio",                            g => g.Op("Dropout", [g.In(2, 3)], ("ratio", 0.3f))),
        new("Dropout", 12, "mask that nobody reads",           g => g.Op("Dropout", 2, [g.In(2, 3)], ("ratio", 0.3f)).Identity(), 7),
        new("GridSample", 20, "default mode",                  g => g.Op("GridSample", [g.In(1, 2, 3, 4), g.In(1, 5, 6, 2)])),
        new("GridSample", 20, "bilinear",                      g => g.Op("GridSample", [g.In(1, 2, 3, 4), g.In(1, 5, 6, 2)], ("mode", "bilinear"), ("padding_mode", "border"))),
        new("GridSample", 20, "bicubic",                       g => g.Op("GridSample", [g.In(1, 2, 3, 4), g.In(1, 5, 6, 2)], ("mode", "bicubic"))),
        new("GridSample", 20, "nearest",                       g => g.Op("GridSample", [g.In(1, 2, 3, 4), g.In(1, 5, 6, 2)], ("mode", "nearest"))),
        new("GroupNormalization", 21, "two groups of six",     g => g.Op("GroupNormalization", [g.In(2, 6, 4), g.In(2), g.In(2)], ("num_groups", 2))),
        new("Hardmax", 13, "over two axes",                    g => g.Op("Hardmax", [g.In(2, 3, 4)])),
        new("LogSoftmax", 13, "over two axes",                 g => g.Op("LogSoftmax", [g.In(2, 3, 4)])),
        new("MeanVarianceNormalization", 9, "channels apart",  g => g.Op("MeanVarianceNormalization", [g.In(2, 3, 4, 5)]), 7),
        new("MeanVarianceNormalization", 9, "channels together", g => g.Op("MeanVarianceNormalization", [g.In(2, 3, 4, 5)], ("across_channels", 1), ("normalize_variance", 1)), 8),
        new("MeanVarianceNormalization", 9, "mean alone",      g => g.Op("MeanVarianceNormalization", [g.In(2, 3, 4, 5)], ("normalize_variance", 0))),
        new("Pad", 11, "value",                                g => g.Op("Pad", [g.In(2, 3)], ("pads", [0, 1, 2, 0]), ("value", 0.5f))),
        new("Pad", 11, "value, float64, type unknown",         g => g.Op("Pad", [g.In(2, 3).Cast(ElementType.Float64).As(ElementType.Undefined)], ("pads", [0, 1, 2, 0]), ("value", 0.5f))),
        new("Pad", 11, "edge",                                 g => g.Op("Pad", [g.In(2, 3)], ("pads", [0, 1, 2, 0]), ("value", 0f), ("mode", "edge"))),
        new("ReduceL1", 18, "one axis",                        g => g.Op("ReduceL1", [g.In(2, 3, 4)], ("axes", [1]))),
        new("ReduceL2", 18, "one axis",                        g => g.Op("ReduceL2", [g.In(2, 3, 4)], ("axes", [1]), ("keepdims", 0))),
        new("ReduceLogSum", 18, "one axis",                    g => g.Op("ReduceLogSum", [g.In(2, 3, 4).Exp()], ("axes", [1]))),
        new("ReduceLogSumExp", 18, "one axis",                 g => g.Op("ReduceLogSumExp", [g.In(2, 3, 4)], ("axes", [1]))),
        new("ReduceMax", 18, "two axes",                       g => g.Op("ReduceMax", [g.In(2, 3, 4)], ("axes", [0, 2]))),
        new("ReduceMean", 18, "two axes",                      g => g.Op("ReduceMean", [g.In(2, 3, 4)], ("axes", [-1, 0]), ("keepdims", 0))),
        new("ReduceMean", 18, "no axes: all",                  g => g.Op("ReduceMean", [g.In(2, 3, 4)], ("axes", Array.Empty<long>()))),
        new("ReduceMin", 18, "one axis",                       g => g.Op("ReduceMin", [g.In(2, 3, 4)], ("axes", [1]))),
        new("ReduceProd", 18, "one axis",                      g => g.Op("ReduceProd", [g.In(2, 3, 4)], ("axes", [1]))),
        new("ReduceSum", 13, "one axis",                       g => g.Op("ReduceSum", [g.In(2, 3, 4)], ("axes", [1]))),
        new("ReduceSumSquare", 18, "one axis",                 g => g.Op("ReduceSumSquare", [g.In(2, 3, 4)], ("axes", [1]))),
        new("Resize", 11, "nearest, growing",                  g => g.Op("Resize", [g.In(1, 1, 2, 3), g.Floats(1, 1, 2, 1.7f)])),
        new("Resize", 11, "nearest, shrinking",                g => g.Op("Resize", [g.In(1, 1, 4, 7), g.Floats(1, 1, 0.6f, 0.4f)], ("mode", "nearest"))),
        new("Resize", 11, "nearest, growing and shrinking",    g => g.Op("Resize", [g.In(1, 1, 5, 7), g.Floats(1, 1, 1.7f, 0.4f)])),
        new("Resize", 11, "nearest, scales computed",          g => g.Op("Resize", [g.In(1, 1, 5, 7), g.Floats(1, 1, 1.7f, 0.4f).Identity()])),
        new("Resize", 11, "linear",                            g => g.Op("Resize", [g.In(1, 1, 3, 4), g.Floats(1, 1, 2, 1.5f)], ("mode", "linear"))),
        new("Resize", 13, "sizes",                             g => g.Op("Resize", [g.In(1, 1, 4, 7), g.Floats(), g.Floats(), g.Vector(1, 1, 3, 9)], ("mode", "linear")), 11),
        new("Resize", 13, "half pixel for nearest",            g => g.Op("Resize", [g.In(1, 1, 4, 7), g.Floats(), g.Floats(1, 1, 1.5f, 2)], ("coordinate_transformation_mode", "tf_half_pixel_for_nn"), ("nearest_mode", "floor"))),
        new("Resize", 13, "crop",                              g => g.Op("Resize", [g.In(4, 7), g.Floats(0.1f, 0, 0.9f, 0.8f), g.Floats(), g.Vector(3, 5)], ("coordinate_transformation_mode", "tf_crop_and_resize"), ("mode", "linear"))),
        new("RoiAlign", 16, "default pixels",                  g => g.Op("RoiAlign", [g.In(1, 2, 6, 6), g.AddInitializer("rois", Tensor.Floats([1, 4], [1, 1, 4, 5])), g.Vector(0)], ("output_height", 2), ("output_width", 2))),
        new("Scan", 9, "running sum, back and forth",          ScanOfSums),
        new("Scatter", 11, "along axis 1",                     g => g.Op("Scatter", [g.In(2, 4), g.AddInitializer("indices", new Tensor(ElementType.Int64, [2, 2], Tensor.Vector(3, 1, 0, 2).Data)), g.In(2, 2)], ("axis", 1)), 9),
        new("Slice", 10, "axes",                               g => g.Op("Slice", [g.In(3, 4, 5)], ("starts", [1, 0]), ("ends", [3, -1]), ("axes", [0, 2]))),
        new("Slice", 10, "no axes",                            g => g.Op("Slice", [g.In(3, 4, 5)], ("starts", [1, 0]), ("ends", [1000, 2]))),
        new("Softmax", 13, "over two axes",                    g => g.Op("Softmax", [g.In(2, 3, 4)], ("axis", 1))),
        new("Softmax", 13, "over all axes, shape unknown",     g => g.Op("Softmax", [g.Hidden(2, 3, 4)], ("axis", 0)), 7),
        new("Softmax", 13, "over the last axis",               g => g.Op("Softmax", [g.In(2, 3, 4)], ("axis", 2)), 7),
        new("Softmax", 13, "over the last but for ones",       g => g.Op("Softmax", [g.In(2, 3, 1, 1)]), 7),
        new("Softmax", 13, "negative axis",                    g => g.Op("Softmax", [g.Hidden(2, 3, 4)], ("axis", -2))),
        new("Split", 13, "sizes",                              g => g.Op("Split", 2, [g.In(2, 5)], ("axis", 1), ("split", [2, 3]))),
        new("Split", 18, "halves",                             g => g.Op("Split", 2, [g.In(2, 6)], ("axis", 1))),
        new("Squeeze", 13, "two axes",                         g => g.Op("Squeeze", [g.In(1, 3, 1, 1)], ("axes", [0, 2]))),
        new("TopK", 10, "of the last axis",                    g => g.Op("TopK", 2, [g.In(3, 5)], ("k", 2))),
        new("Unsqueeze", 13, "two axes",                       g => g.Op("Unsqueeze", [g.In(2, 3)], ("axes", [0, 3])), 7),
        new("Upsample", 9, "nearest",                          g => g.Op("Upsample", [g.In(1, 1, 2, 3)], new Attribute("scales", (float[])[1f, 1, 2, 1.7f]))),
        new("Upsample", 10, "linear",                          g => g.Op("Upsample", [g.In(1, 1, 2, 3), g.Floats(1, 1, 2, 1.5f)], ("mode", "linear"))),
        new("Upsample", 10, "nearest, scales computed",        g => g.Op("Upsample", [g.In(1, 1, 2, 3), g.Floats(1, 1, 2, 3).Identity()])),

        // No row, and none is needed.
        new("LayerNormalization", 17, "as ONNX Runtime and PyTorch wrote it before the standard had it", g => g.Op("LayerNormalization", 3, [g.In(2, 3, 4), g.In(4), g.In(4)], ("epsilon", 0.01f)), 11),
        new("LayerNormalization", 17, "two axes, no bias",     g => g.Op("LayerNormalization", [g.In(2, 3, 4), g.In(3, 4)], ("axis", 1)), 13),
        new("ThresholdedRelu", 10, "an experiment before",     g => g.Op("ThresholdedRelu", [g.In(2, 3)], ("alpha", 0.2f)), 9),
        new("AveragePool", 19, "ceil mode, padding counted",   g => g.Op("AveragePool", [g.In(1, 2, 6, 7)], ("kernel_shape", [3, 3]), ("strides", [2, 2]), ("pads", [1, 1, 1, 1]), ("ceil_mode", 1), ("count_include_pad", 1)), 10),
        new("AveragePool", 19, "ceil mode",                    g => g.Op("AveragePool", [g.In(1, 2, 6, 7)], ("kernel_shape", [3, 3]), ("strides", [2, 2]), ("ceil_mode", 1)), 10),
        new("MaxPool", 12, "ceil mode, indices by columns",    g => g.Op("MaxPool", 2, [g.In(1, 2, 6, 7)], ("kernel_shape", [3, 3]), ("strides", [2, 2]), ("ceil_mode", 1), ("storage_order", 1)), 10),
        new("LSTM", 14, "without a layout",                    g => g.Op("LSTM", 3, [g.In(3, 2, 4), g.In(1, 20, 4), g.In(1, 20, 5)], ("hidden_size", 5)), 7),
        new("OneHot", 11, "indices outside",                   g => g.Op("OneHot", [g.Vector(-1, 0, 3, 4, -5), g.Integer(4), g.Floats(0, 1)]), 9),
        new("Flatten", 11, "default axis",                     g => g.Op("Flatten", [g.In(2, 3, 4)]), 7),
        new("Gemm", 11, "broadcast bias",                      g => g.Op("Gemm", [g.In(2, 3), g.In(4, 3), g.In(4)], ("transB", 1)), 7),
        new("PRelu", 9, "slope by channel",                    g => g.Op("PRelu", [g.In(2, 3, 4), g.In(3, 1)]), 7),
        new("Reshape", 14, "zero and rest",                    g => g.Op("Reshape", [g.In(2, 3, 4), g.Vector(0, -1)]), 7),
        new("ArgMax", 12, "ties",                              g => g.Op("ArgMax", [g.In(2, 3).Sign()], ("axis", 1)), 11),
        new("DequantizeLinear", 21, "one scale",               g => g.Op("DequantizeLinear", [g.AddInitializer("q", new Tensor(ElementType.UInt8, [2, 2], new byte[] { 0, 7, 128, 255 })), g.Scalar(0.1, ElementType.Float32)]), 10),
    ];
#pragma warning restore format

    // All of y, the running mean and the running variance in one value; the saved ones are left unread.
    private static Value TrainedBatchNormalization(Graph g)
    {
        var y = g.Op("BatchNormalization", 5, [g.In(2, 3, 4), g.In(3), g.In(3), g.In(3), g.In(3).Square()], ("momentum", 0.7f)).Producer!.Outputs;
        return Operators.Concat([y[0]!.Reshape(-1), y[1]!, y[2]!], 0);
    }

    private static Value ScanOfSums(Graph g)
    {
        var body = new Graph("sums", g);
        var (sum, a, b) = (body.AddInput("sum", ElementType.Float32, Shape.Of(2)), body.AddInput("a", ElementType.Float32, Shape.Of(2)), body.AddInput("b", ElementType.Float32, Shape.Of(2)));
        var next = sum + (a * b);
        body.Outputs.AddRange([next, body.Op("ReduceMean", [next], ("axes", [0]))]);
        return g.Op("Scan", 2, [null, g.In(3, 2), g.In(3, 4, 2), g.In(3, 4, 2)], new("body", body), ("num_scan_inputs", 2), ("directions", [0, 1]));
    }

    extension(Graph g)
    {
        internal Value Op(string op, IEnumerable<Value?> inputs, params IEnumerable<Attribute> attributes) => g.Op(op, 1, inputs, attributes);

        internal Value Op(string op, int outputs, IEnumerable<Value?> inputs, params IEnumerable<Attribute> attributes) =>
            g.AddNode(op, "", inputs, attributes, outputs).Output;

        /// <summary>A float32 input.</summary>
        internal Value In(params long[] sizes) => g.AddInput(g.UniqueName("x"), ElementType.Float32, Shape.Of(sizes));

        /// <summary>A float32 value of which neither type nor shape is written in the graph.</summary>
        internal Value Hidden(params long[] sizes) => g.In(sizes).Identity().As(ElementType.Undefined);

        internal Value Floats(params float[] elements) => g.AddInitializer(g.UniqueName("floats"), Tensor.Floats([elements.Length], elements));
    }
}
