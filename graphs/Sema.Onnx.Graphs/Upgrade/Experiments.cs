namespace Sema.Onnx.Graphs.Upgrade;

/// <summary>Operators that were experiments of the standard until opset 9, and are in no later one.</summary>
internal static class Experiments
{
    /// <summary>Gets what takes the place of each, in the form of opset 21, by name.</summary>
    /// <remarks>
    /// ONNX Runtime runs most of them in a model of any opset. MeanVarianceNormalization and ThresholdedRelu, experiments once, became
    /// operators.
    /// </remarks>
    internal static IReadOnlyDictionary<string, Adapter> Table { get; } = new Dictionary<string, Adapter>
    {
#pragma warning disable format // a table: aligned columns
        ["ATen"]               = n => throw Refused(n),
        ["Affine"]             = n => n.ReplacedBy((n[0] * n.Float("alpha", 1)) + n.Float("beta", 0)),
        ["ConstantFill"]       = ConstantFill,
        ["Crop"]               = Crop,
        ["DynamicSlice"]       = n => n.As("Slice"),
        ["GRUUnit"]            = n => throw Refused(n),
        ["GivenTensorFill"]    = n => throw Refused(n),
        ["ImageScaler"]        = ImageScaler,
        ["ParametricSoftplus"] = n => n.ReplacedBy(n.Graph.Emit("Softplus", [n[0] * Required(n, "beta")]) * Required(n, "alpha")),   // α · ln(1 + exp(β · x))
        ["Scale"]              = n => n.ReplacedBy(n[0] * n.Float("scale", 1)),
        ["ScaledTanh"]         = n => n.ReplacedBy((n[0] * Required(n, "beta")).Tanh() * Required(n, "alpha")),   // α · tanh(β · x)
#pragma warning restore format
    };

    /// <summary>Gets those that have a place in opset 21.</summary>
    internal static IEnumerable<string> Rewritten => Table.Keys.Except(["ATen", "GRUUnit", "GivenTensorFill"]);

    private static Node? ConstantFill(Node node)
    {
        var graph = node.Graph;
        var shape = node.Optional(0) is not { } input ? graph.Vector(node.Ints("shape") ?? [])
            : node.Int("input_as_shape", 0) != 0 ? input.Cast(ElementType.Int64) : input.DynamicShape();
        if (node.Ints("extra_shape") is { } extra)
            shape = Operators.Concat([shape, graph.Vector(extra)], 0);
        var type = (ElementType)node.Int("dtype", (long)ElementType.Float32);
        return node.ReplacedBy(graph.Scalar(node.Float("value", 0), ElementType.Float64).Cast(type).Expand(shape).As(type));
    }

    // Takes a border (left, top, right, bottom) off an image, or what a size (height, width) leaves right and below.
    private static Node? Crop(Node node)
    {
        if (node.Ints("border") is not { Length: 4 } border)
            throw Lacks(node, "border");
        var (left, top) = (border[0], border[1]);
        if (border.Any(b => b < 0) || node.Ints("scale") is { } size && (size.Length != 2 || size.Any(s => s <= 0))
            || node[0].Shape is { Rank: 4 } image && (!Fits(image[3], left + border[2]) || !Fits(image[2], top + border[3])))
        {
            throw new InvalidModelException($"Operator 'Crop', node {node.Label}: the border {string.Join(", ", border)} leaves nothing of an image, or its scale is no height and width.");
        }

        long[] ends = node.Ints("scale") is [var height, var width] ? [top + height, left + width] : [FromEnd(border[3]), FromEnd(border[2])];
        var graph = node.Graph;
        return node.ReplacedBy(node[0].Slice(graph.Vector(top, left), graph.Vector(ends), graph.Vector(2, 3)));

        static bool Fits(Dimension size, long border) => !size.IsKnown || (border >= 0 && border < size.Size);

        static long FromEnd(long size) => size == 0 ? long.MaxValue : -size;
    }

    // scale · x + bias, the bias by channel.
    private static Node? ImageScaler(Node node)
    {
        var bias = node.Get<float[]>("bias") ?? throw Lacks(node, "bias");
        var perChannel = node.Graph.AddInitializer(node.Graph.UniqueName("bias"), Tensor.Floats([bias.Length, 1, 1], bias));
        return node.ReplacedBy((node[0] * node.Float("scale", 1)) + perChannel.CastLike(node[0]));
    }

    private static float Required(Node node, string attribute) => node.Has(attribute) ? node.Float(attribute, 0) : throw Lacks(node, attribute);

    private static InvalidModelException Refused(Node node) => new(
        $"Operator '{node.OpType}', node {node.Label}, was an experiment that the standard gave up without a successor. "
        + "Export the model again with the operators of opset 10 or later.");

    private static InvalidModelException Lacks(Node node, string attribute) =>
        new($"Operator '{node.OpType}', node {node.Label}, lacks its attribute '{attribute}'.");
}
