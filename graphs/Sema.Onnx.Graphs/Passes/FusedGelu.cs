namespace Sema.Onnx.Graphs.Passes;

/// <summary>Puts Gelu in the place of the operators that exporters before opset 20 wrote it in: x/2 (1 + erf(x/√2)), or with tanh.</summary>
/// <remarks>The runtime joins them too, but not in a graph whose gradients read the values between.</remarks>
internal static class FusedGelu
{
    /// <summary>Runs the pass, on bodies too.</summary>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Graph graph)
    {
        var changed = false;
        foreach (var node in graph.Nodes.Where(n => n is { OpType: "Mul", Domain.Length: 0 } && n.Output.Type == ElementType.Float32).ToList())
        {
            if (Match(node.Output) is not var (x, approximate))
                continue;
            graph.ReplaceNode(node, () => [graph.Emit("Gelu", [x], ("approximate", approximate))]);
            changed = true;
        }

        return graph.Bodies.ToList().FindAll(Run).Count > 0 || changed;
    }

    // x, 1/2 and 1 + erf may be multiplied in any order.
    private static (Value X, string Approximate)? Match(Value y)
    {
        var products = from outer in y.Operands("Mul")
                       from inner in outer.Item1.Operands("Mul")
                       from factors in new[] { (inner.Item1, inner.Item2, outer.Item2), (outer.Item2, inner.Item1, inner.Item2), (inner.Item1, outer.Item2, inner.Item2) }
                       select factors;
        foreach (var (half, x, gate) in products)
        {
            if (half.IsConstant(0.5) && gate.Operands("Add").Where(sum => sum.Item2.IsConstant(1)).Select(sum => sum.Item1).FirstOrDefault() is { } curve)
            {
                if (curve.Made("Erf") is { } erf && (IsScaled(erf[0], x, Math.Sqrt(0.5)) || (erf[0].Made("Div") is { } ratio && ratio[0] == x && ratio[1].IsConstant(Math.Sqrt(2)))))
                    return (x, "none");
                if (curve.Made("Tanh") is { } tanh && tanh[0].Operands("Mul").Any(u => u.Item1.IsConstant(Math.Sqrt(2 / Math.PI)) && IsBent(u.Item2, x)))
                    return (x, "tanh");
            }
        }

        return null;
    }

    private static bool IsScaled(Value value, Value x, double factor) => value.Operands("Mul").Any(p => p.Item1 == x && p.Item2.IsConstant(factor));

    // x + 0.044715 x³
    private static bool IsBent(Value value, Value x) =>
        value.Operands("Add").Any(sum => sum.Item1 == x && sum.Item2.Operands("Mul").Any(p => p.Item1.IsConstant(0.044715) && IsCube(p.Item2, x)));

    private static bool IsCube(Value value, Value x) => (value.Made("Pow") is { } power && power[0] == x && power[1].IsConstant(3))
        || value.Operands("Mul").Any(p => p.Item1 == x && p.Item2.Operands("Mul").Any(square => square == (x, x)));
}
