using Sema.Onnx.Graphs.Functions;

namespace Sema.Onnx.Graphs.Passes;

/// <summary>
/// Writes what dynamic quantisation leaves, <c>(scale of x · scale of w) · float(MatMulInteger(q(x), w))</c>, as a product of floats on
/// both grids, and <c>ConvInteger</c> likewise.
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
            var (integers, scale) = Match(node)!.Value;
            graph.ReplaceNode(node, () => [Float(integers, scale)]);
        }

        return nodes.Count > 0;
    }

    // Mul(Cast(MatMulInteger(..)), Mul(scale of x, scale of w)), in any order.
    private static (Node Integers, Value Scale)? Match(Node node)
    {
        if (node is not { OpType: "Mul", Domain.Length: 0 })
            return null;
        foreach (var (product, scales) in new[] { (node[0], node[1]), (node[1], node[0]) })
        {
            if (product.Producer is { OpType: "Cast" } cast && cast[0].Producer is { OpType: "MatMulInteger" or "ConvInteger", Domain.Length: 0 } integers
                && integers[0].Producer is { OpType: "DynamicQuantizeLinear" } dynamic && integers.Optional(2) == dynamic.Outputs[2]
                && scales.Producer is { OpType: "Mul" } both && both.Inputs.Contains(dynamic.Outputs[1])
                && both.Inputs.Find(s => s != dynamic.Outputs[1]) is { } scale && QuantizationGrid.Constant(scale) is { } constant
                && (constant.Count == 1 || (integers.OpType == "MatMulInteger" && constant.Dims.Count == 1)))
            {
                return (integers, scale);
            }
        }

        return null;
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
