using Sema.Onnx.Graphs.Autodiff;
using Sema.Onnx.Graphs.Functions;

namespace Sema.Onnx.Graphs.Passes;

/// <summary>Puts attention in the place of the operators that exporters write it in: softmax(scale Q Kᵀ + mask) V for each head.</summary>
/// <remarks>
/// The scale may stand at Q, at Kᵀ or at the product, more than once, as a factor or a divisor; the mask is added, or chosen by a condition.
/// Where Q, K and V are parts of one tensor, or transpositions that bring heads to the front, the call reads them where they stand.
/// </remarks>
internal static class FusedAttention
{
    /// <summary>Runs the pass; the shapes must be known. It does not reach into bodies.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="trained">The weights: a scale or mask made of one stays in the open, where its gradient is computed.</param>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Graph graph, IReadOnlyCollection<Value> trained)
    {
        var changed = false;
        foreach (var node in graph.Nodes.Where(n => n is { OpType: "MatMul", Domain.Length: 0 } && n.Output.Type == ElementType.Float32).ToList())
        {
            if (AttentionChain.Ending(node) is not { } chain || AttentionOperands.Of(chain.Q, chain.KTurned, chain.V) is not { } operands)
                continue;
            Value[] constants = [.. chain.Factors, .. chain.Divisors, .. chain.Mask is { } added ? [added] : Array.Empty<Value>()];
            var path = GradientPath.Between(graph, trained, constants);
            if (constants.Any(path.Contains))
                continue;
            Value? y = null;
            graph.ReplaceNode(node, () => [operands.Back(y = Call(graph, chain, operands))]);
            Cancel(graph, y!);
            changed = true;
        }

        return changed;
    }

    private static Value Call(Graph graph, AttentionChain chain, AttentionOperands operands)
    {
        var scale = chain.Factors.Concat(chain.Divisors.Select(d => d.Reciprocal())).Aggregate((Value?)null, (product, factor) => product is null ? factor : product * factor);
        var y = graph.Call(operands.Function, [.. operands.Inputs(), scale ?? graph.Scalar(1, ElementType.Float32), chain.MaskIn(graph)], operands.Attributes);
        y.Shape = operands.Shape;
        return y;
    }

    // A transposition of what was transposed back is the call's own result.
    private static void Cancel(Graph graph, Value y)
    {
        foreach (var back in graph.Nodes.Where(n => n is { OpType: "Transpose", Domain.Length: 0 } && n[0] == y && n.Ints("perm") is not null).ToList())
        {
            var perm = back.Ints("perm")!;
            foreach (var again in graph.Nodes.Where(n => n is { OpType: "Transpose", Domain.Length: 0 } && n[0] == back.Output && n.Ints("perm")?.SequenceEqual(perm) == true).ToList())
            {
                graph.Replace(again.Output, y);
                graph.Nodes.Remove(again);
                graph.Remove(again.Output);
            }
        }
    }
}
