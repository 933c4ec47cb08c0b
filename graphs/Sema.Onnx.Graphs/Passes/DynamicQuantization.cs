using Sema.Onnx.Graphs.Functions;

namespace Sema.Onnx.Graphs.Passes;

/// <summary>
/// Writes what dynamic quantisation leaves, <c>(scale of x · scale of w) · float(MatMulInteger(q(x), w) + bias)</c>, as a product of floats on
/// both grids and a bias, and <c>ConvInteger</c> likewise.
/// </summary>
internal static class DynamicQuantization
{
    /// <summary>Runs the pass.</summary>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Graph graph)
    {
        var nodes = graph.Nodes.Where(n => Match(n) is not null).ToList();
        foreach (var node in nodes)
        {
            var (integers, scale, bias) = Match(node)!.Value;
            graph.ReplaceNode(node, () => [bias is null ? Float(integers, scale) : Float(integers, scale) + Bias(bias)]);
        }

        return nodes.Count > 0;
    }

    // Mul(Cast(MatMulInteger(..) + bias), Mul(scale of x, scale of w)), in any order, the bias or none.
    private static (Node Integers, Value Scale, Value? Bias)? Match(Node node)
    {
        if (node is not { OpType: "Mul", Domain.Length: 0 })
            return null;
        foreach (var (product, scales) in new[] { (node[0], node[1]), (node[1], node[0]) })
        {
            if (product.Producer is { OpType: "Cast" } cast && Sum(cast[0]) is var (integers, bias)
                && integers[0].Producer is { OpType: "DynamicQuantizeLinear" } dynamic && integers.Optional(2) == dynamic.Outputs[2]
                && scales.Producer is { OpType: "Mul" } both && both.Inputs.Contains(dynamic.Outputs[1])
                && both.Inputs.Find(s => s != dynamic.Outputs[1]) is { } scale && QuantizationGrid.Constant(scale) is { } constant
                && (constant.Count == 1 || (integers.OpType == "MatMulInteger" && constant.Dims.Count == 1)))
            {
                return (integers, scale, bias);
            }
        }

        return null;
    }

    private static (Node Integers, Value? Bias)? Sum(Value sum)
    {
        if (sum.Producer is { OpType: "MatMulInteger" or "ConvInteger", Domain.Length: 0 } integers)
            return (integers, null);
        return sum.Producer is { OpType: "Add" } add && Sum(add[0]) is (var product, null) && Steps(add[1]) is not null ? (product, add[1]) : null;
    }

    // Floor(Div(bias, scale of x · scale of w)) as integers.
    private static Node? Steps(Value bias) => bias.Producer switch
    {
        { OpType: "Reshape" or "Cast" } node => Steps(node[0]),
        { OpType: "Floor" } floor when floor[0].Producer is { OpType: "Div" } div => div,
        _ => null,
    };

    // s·⌊b/s⌋
    private static Value Bias(Value bias)
    {
        if (bias.Producer is { OpType: "Reshape" } reshape)
            return bias.Graph.Emit("Reshape", [Bias(reshape[0]), reshape[1]], reshape.Attributes);
        var (b, scale) = (Steps(bias)![0], Steps(bias)![1]);
        return bias.Graph.Call("FakeFloor", [b, scale, b.Like(int.MinValue), b.Like(int.MaxValue)]);
    }

    private static Value Float(Node y, Value scale)
    {
        var dynamic = y[0].Producer!;
        var zero = dynamic.Outputs[2]!.Cast(scale.Type);
        var x = y.Graph.Call("FakeQuantize", [dynamic[0], dynamic.Outputs[1], -zero, 255 - zero]);
        var w = FakeQuantization.Dequantize(y[1], scale, y.Optional(3), -1);
        return y.Graph.Emit(y.OpType == "ConvInteger" ? "Conv" : "MatMul", [x, w], y.Attributes);
    }
}
