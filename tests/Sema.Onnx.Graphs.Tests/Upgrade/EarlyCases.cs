namespace Sema.Onnx.Graphs.Upgrade;

/// <summary>At least one case for each adapter of opsets 2 to 7 and of the experiments until 9; most forms ONNX Runtime no longer runs.</summary>
internal static class EarlyCases
{
#pragma warning disable format // a table: aligned columns
    private static readonly UpgradeCase[] Written =
    [
        new("BatchNormalization", 7, "inference",              g => g.Op("BatchNormalization", [g.In(2, 3, 4), g.In(3), g.In(3), g.In(3), g.In(3).Square()], ("is_test", 1), ("spatial", 1), ("epsilon", 0.01f)), null,
                                                               g => g.Op("BatchNormalization", [g.In(2, 3, 4), g.In(3), g.In(3), g.In(3), g.In(3).Square()], ("epsilon", 0.01f))),
        new("BatchNormalization", 7, "inference, outputs that nobody reads", g => g.Op("BatchNormalization", 5, [g.In(2, 3, 4), g.In(3), g.In(3), g.In(3), g.In(3).Square()], ("is_test", 1)).Abs(), 3,
                                                               g => g.Op("BatchNormalization", [g.In(2, 3, 4), g.In(3), g.In(3), g.In(3), g.In(3).Square()]).Abs()),
        new("BatchNormalization", 7, "not spatial, over channels", g => g.Op("BatchNormalization", [g.In(2, 3, 4), g.In(3), g.In(3), g.In(3), g.AddInput("v", ElementType.Float32, Shape.Of(3)).Square()], ("is_test", 1), ("spatial", 0)), null,
                                                               g => g.Op("BatchNormalization", [g.In(2, 3, 4), g.In(3), g.In(3), g.In(3), g.In(3).Square()])),
        new("Cast", 6, "by name",                              g => g.Op("Cast", [g.In(2, 3).Abs()], ("to", "INT64")).As(ElementType.Int64), null,
                                                               g => g.In(2, 3).Abs().Cast(ElementType.Int64)),
        new("Cast", 6, "by another name",                      g => g.Op("Cast", [g.In(2, 3)], ("to", "double")), 1,
                                                               g => g.In(2, 3).Cast(ElementType.Float64)),
        new("Concat", 4, "axis by default",                    g => g.Op("Concat", [g.In(2, 3), g.In(2, 1)]), null,
                                                               g => Operators.Concat([g.In(2, 3), g.In(2, 1)], 1)),
        new("Dropout", 7, "inference",                         g => g.Op("Dropout", 2, [g.In(2, 3)], ("is_test", 1), ("ratio", 0.3f)).Abs(), null,
                                                               g => g.In(2, 3).Abs()),
        new("GRU", 7, "all steps",                             g => g.Op("GRU", 2, [g.In(3, 2, 4), g.In(1, 15, 4), g.In(1, 15, 5)], ("hidden_size", 5), ("output_sequence", 1)), 1,
                                                               g => g.Op("GRU", 2, [g.In(3, 2, 4), g.In(1, 15, 4), g.In(1, 15, 5)], ("hidden_size", 5))),
        new("Gemm", 7, "broadcast bias",                       g => g.Op("Gemm", [g.In(2, 3), g.In(4, 3), g.In(4)], ("transB", 1), ("broadcast", 1)), null,
                                                               g => g.Op("Gemm", [g.In(2, 3), g.In(4, 3), g.In(4)], ("transB", 1))),
        new("GlobalLpPool", 2, "exponent as a float",          g => g.Op("GlobalLpPool", [g.In(1, 2, 3, 4)], ("p", 1f)), null,
                                                               g => g.Op("ReduceL1", [g.In(1, 2, 3, 4), g.Vector(2, 3)])),
        new("LSTM", 7, "all steps",                            g => g.Op("LSTM", 3, [g.In(3, 2, 4), g.In(1, 20, 4), g.In(1, 20, 5)], ("hidden_size", 5), ("output_sequence", 1)), null,
                                                               g => g.Op("LSTM", 3, [g.In(3, 2, 4), g.In(1, 20, 4), g.In(1, 20, 5)], ("hidden_size", 5))),
        new("LpPool", 2, "exponent as a float",                g => g.Op("LpPool", [g.In(1, 2, 4, 4)], ("kernel_shape", [2, 2]), ("strides", [2, 2]), ("p", 3f)), null,
                                                               g => g.Op("LpPool", [g.In(1, 2, 4, 4)], ("kernel_shape", [2, 2]), ("strides", [2, 2]), ("p", 3))),
        new("PRelu", 7, "slope by channel",                    g => g.Op("PRelu", [g.In(2, 3, 4), g.In(3)]), null,
                                                               g => g.Op("PRelu", [g.In(2, 3, 4), g.In(3).Unsqueeze(1)])),
        new("PRelu", 7, "slope by channel, rank unknown",      g => g.Op("PRelu", [g.Hidden(2, 3, 4, 4), g.In(3)]), 4,
                                                               g => g.Op("PRelu", [g.In(2, 3, 4, 4), g.In(3).Unsqueeze(1, 2)])),
        new("PRelu", 7, "one slope",                           g => g.Op("PRelu", [g.In(2, 3), g.In(1)]), null,
                                                               g => g.Op("PRelu", [g.In(2, 3), g.In(1)])),
        new("Pad", 2, "paddings",                              g => g.Op("Pad", [g.In(2, 3)], ("paddings", [0, 1, 2, 0]), ("mode", "constant"), ("value", 0.5f)), null,
                                                               g => g.Op("Pad", [g.In(2, 3), g.Vector(0, 1, 2, 0), g.Scalar(0.5, ElementType.Float32)])),
        new("RNN", 7, "last step",                             g => g.Op("RNN", [g.In(3, 2, 4), g.In(1, 5, 4), g.In(1, 5, 5)], ("hidden_size", 5), ("output_sequence", 0)), null,
                                                               g => g.Op("RNN", [g.In(3, 2, 4), g.In(1, 5, 4), g.In(1, 5, 5)], ("hidden_size", 5))),
        new("Reshape", 5, "zero and rest",                     g => g.Op("Reshape", [g.In(2, 3, 4)], ("shape", [0, -1]), ("consumed_inputs", [0])), null,
                                                               g => g.In(2, 3, 4).Reshape(0, -1)),
        new("Selu", 6, "rounded constants",                    g => g.Op("Selu", [g.In(2, 3) * g.Floats(9)], ("consumed_inputs", [0])), null,
                                                               g => g.Op("Selu", [g.In(2, 3) * g.Floats(9)], ("alpha", 1.6732f), ("gamma", 1.0507f))),
        new("Selu", 6, "own constants",                        g => g.Op("Selu", [g.In(2, 3)], ("alpha", 2f), ("gamma", 3f)), 1,
                                                               g => g.Op("Selu", [g.In(2, 3)], ("alpha", 2f), ("gamma", 3f))),
        new("Split", 2, "sizes as an input",                   g => g.Op("Split", 2, [g.In(2, 5), g.Floats(2, 3)], ("axis", 1)), null,
                                                               g => g.Op("Split", 2, [g.In(2, 5), g.Vector(2, 3)], ("axis", 1))),
        new("Split", 2, "sizes computed",                      g => g.Op("Split", 2, [g.In(2, 5), g.Floats(2, 3).Identity()], ("axis", 1)), null,
                                                               g => g.Op("Split", 2, [g.In(2, 5), g.Vector(2, 3)], ("axis", 1))),
        new("Tile", 6, "one axis",                             g => g.Op("Tile", [g.In(2, 3), g.Floats(4), g.Floats(1)]), null,
                                                               g => g.Op("Tile", [g.In(2, 3), g.Vector(1, 4)])),
        new("Tile", 6, "one axis, rank unknown, a scalar",     g => g.Op("Tile", [g.Hidden(2, 3), g.Integer(4).Identity(), g.Floats(0)]), null,
                                                               g => g.Op("Tile", [g.In(2, 3), g.Vector(4, 1)])),
        new("Upsample", 7, "bilinear",                         g => g.Op("Upsample", [g.In(1, 1, 2, 3)], ("height_scale", 2f), ("width_scale", 3f), ("mode", "bilinear")), null,
                                                               g => g.Op("Resize", [g.In(1, 1, 2, 3), null, g.Floats(1, 1, 2, 3)], ("mode", "linear"), ("coordinate_transformation_mode", "asymmetric"))),
        new("Upsample", 7, "nearest",                          g => g.Op("Upsample", [g.In(1, 1, 2, 3)], ("height_scale", 2f), ("width_scale", 1f)), 1,
                                                               g => g.Op("Tile", [g.In(1, 1, 2, 3).Unsqueeze(3), g.Vector(1, 1, 1, 2, 1)]).Reshape(1, 1, 4, 3)),

        new("Affine", 10, "scale and offset",                  g => g.Op("Affine", [g.In(2, 3)], ("alpha", 2f), ("beta", 0.5f))),
        new("ConstantFill", 10, "shape as an attribute",       g => g.Op("ConstantFill", [], ("shape", [2, 3]), ("value", 0.5f)), 6,
                                                               g => g.Scalar(0.5, ElementType.Float32).Expand(g.Vector(2, 3))),
        new("ConstantFill", 10, "shape of an input, and more", g => g.Op("ConstantFill", [g.In(2, 3)], ("extra_shape", [4]), ("value", 7f), ("dtype", (long)ElementType.Int64)), 6,
                                                               g => g.In(2, 3).Unsqueeze(2).Masked(g.Scalar(0, ElementType.Float32).Greater(g.Scalar(1, ElementType.Float32))).Cast(ElementType.Int64) + g.Vector(7, 7, 7, 7)),
        new("ConstantFill", 10, "an input as the shape",       g => g.Op("ConstantFill", [g.Vector(3, 2)], ("input_as_shape", 1), ("value", 2f)), 6,
                                                               g => g.Scalar(2, ElementType.Float32).Expand(g.Vector(3, 2))),
        new("Crop", 10, "a border",                            g => g.Op("Crop", [g.In(1, 2, 5, 6)], ("border", [1, 0, 2, 1]))),
        new("Crop", 10, "a size",                              g => g.Op("Crop", [g.In(1, 2, 5, 6)], ("border", [1, 2, 0, 0]), ("scale", [2, 3]))),
        new("DynamicSlice", 10, "two axes",                    g => g.Op("DynamicSlice", [g.In(3, 4, 5), g.Vector(1, 0), g.Vector(3, -1), g.Vector(0, 2)])),
        new("ImageScaler", 10, "bias by channel",              g => g.Op("ImageScaler", [g.In(2, 3, 4, 5)], ("scale", 2f), new("bias", (float[])[1, 2, 3]))),
        new("ParametricSoftplus", 10, "inner and outer scale", g => g.Op("ParametricSoftplus", [g.In(2, 3)], ("alpha", 2f), ("beta", 0.5f))),
        new("Scale", 10, "by three",                           g => g.Op("Scale", [g.Hidden(2, 3)], ("scale", 3f)), 7,
                                                               g => g.In(2, 3) * g.Floats(3)),
        new("ScaledTanh", 10, "inner and outer scale",         g => g.Op("ScaledTanh", [g.In(2, 3)], ("alpha", 2f), ("beta", 0.5f))),
        new("ThresholdedRelu", 10, "an experiment since 1",    g => g.Op("ThresholdedRelu", [g.In(2, 3)], ("alpha", 0.2f)), 1),

        // No row, and none is needed.
        new("AveragePool", 7, "padding",                       g => g.Op("AveragePool", [g.In(1, 2, 4, 4)], ("kernel_shape", [3, 3]), ("pads", [1, 1, 1, 1])), null,
                                                               g => g.Op("AveragePool", [g.In(1, 2, 4, 4)], ("kernel_shape", [3, 3]), ("pads", [1, 1, 1, 1]))),
        new("Sum", 8, "of three",                              g => g.Op("Sum", [g.In(2, 3), g.In(2, 3), g.In(2, 3)]), 6),
    ];

    // Operators that could overwrite inputs, with their ranges and shapes.
    private static readonly (string[] Ops, Func<Graph, Value?[]> Inputs)[] Consuming =
    [
        (["Abs", "Ceil", "Dropout", "Elu", "Exp", "Floor", "HardSigmoid", "LeakyRelu", "Neg", "Relu", "Sigmoid", "Tanh"], g => [g.In(2, 3)]),
        (["Log", "Reciprocal", "Sqrt"],                                      g => [g.In(2, 3).Exp()]),
        (["Add", "Div", "Max", "Mean", "Min", "Mul", "Sub", "Sum"],          g => [g.In(2, 3), g.In(2, 3)]),
        (["PRelu"],                                                          g => [g.In(2, 3), g.In(1)]),
        (["InstanceNormalization"],                                          g => [g.In(2, 3, 4), g.In(3), g.In(3)]),
        (["BatchNormalization"],                                             g => [g.In(2, 3, 4), g.In(3), g.In(3), g.In(3), g.In(3).Square()]),
    ];

    // What broadcasting was asked for, with the shape of the second operand that says so today: the first is always [2, 3, 4, 5].
    private static readonly (string Name, bool Known, long[] Shape, long[] Later, Attribute[] Attributes)[] Broadcasts =
    [
        ("one shape",             true,  [2, 3, 4, 5], [2, 3, 4, 5], []),
        ("last axes",             true,  [4, 5],       [4, 5],       [("broadcast", 1)]),
        ("last axes, as -1",      true,  [4, 5],       [4, 5],       [("broadcast", 1), ("axis", -1)]),
        ("axis 1",                true,  [3],          [3, 1, 1],    [("broadcast", 1), ("axis", 1)]),
        ("axis 1, two axes",      true,  [3, 4],       [3, 4, 1],    [("broadcast", 1), ("axis", 1)]),
        ("axis 0",                true,  [2],          [2, 1, 1, 1], [("broadcast", 1), ("axis", 0)]),
        ("axis 2, counted back",  true,  [4],          [4, 1],       [("broadcast", 1), ("axis", -2)]),
        ("axis 1, rank unknown",  false, [3],          [3, 1, 1],    [("broadcast", 1), ("axis", 1)]),
        ("axis 2, counted back, rank unknown", false, [4], [4, 1],   [("broadcast", 1), ("axis", -2)]),
        ("last axis by number, rank unknown", false, [5], [5],       [("broadcast", 1), ("axis", 3)]),
    ];
#pragma warning restore format

    internal static UpgradeCase[] All { get; } =
    [
        .. Written,
        .. from kind in Consuming
           from op in kind.Ops
           select new UpgradeCase(op, 6, "in place", g => g.Op(op, kind.Inputs(g), ("consumed_inputs", [0, 0])), null, g => g.Op(op, kind.Inputs(g))),
        new("Clip", 6, "in place", g => g.Op("Clip", [g.In(2, 3)], ("consumed_inputs", [0]), ("max", 0.25f)), null, g => g.In(2, 3).Min(g.Floats(0.25f))),
        .. from op in (string[])["Add", "Div", "Mul", "Pow", "Sub"]
           from b in Broadcasts
           select new UpgradeCase(op, 7, b.Name,
               g => g.Op(op, [First(g, b.Known).Exp(), g.In(b.Shape)], b.Attributes), null,
               g => g.Op(op, [First(g, true).Exp(), g.In(b.Shape).Reshape(b.Later)])),
        .. from op in (string[])["Greater", "Less", "Equal", "And", "Or", "Xor"]
           from b in Broadcasts
           select new UpgradeCase(op, 7, b.Name,
               g => g.Op(op, [Operand(g, op, First(g, b.Known)), Operand(g, op, g.In(b.Shape))], b.Attributes), null,
               g => g.Op(op, [Operand(g, op, First(g, true)), Operand(g, op, g.In(b.Shape)).Reshape(b.Later)])),
    ];

    private static Value First(Graph g, bool known) => known ? g.In(2, 3, 4, 5) : g.Hidden(2, 3, 4, 5);

    // Floats to compare by size, integers to be equal at times, conditions: whether above zero.
    private static Value Operand(Graph g, string op, Value x)
    {
        var made = op is "Greater" or "Less" ? -x
            : op is "Equal" ? (x.Exp() * x.Exp()).Cast(ElementType.Int32)
            : g.Op("Relu", [x]).Cast(ElementType.Bool);
        made.Shape = x.Shape;
        return made;
    }
}
