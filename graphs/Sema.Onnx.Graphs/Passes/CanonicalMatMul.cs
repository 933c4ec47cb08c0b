namespace Sema.Onnx.Graphs.Passes;

/// <summary>Brings matrix products to the forms that the gradient rule knows, and that run fast.</summary>
/// <remarks>
/// A vector operand becomes a matrix of one row or column. [.., m, k]·[k, n] becomes [.. m, k]·[k, n] with the leading axes as
/// one: the gradient of the weights is then one product, and no sum over a batch of products.
/// </remarks>
internal static class CanonicalMatMul
{
    /// <summary>Runs the pass, on bodies too; the ranks must be known.</summary>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Graph graph)
    {
        var nodes = graph.Nodes.Where(n => n.OpType == "MatMul" && n.Domain.Length == 0 && !IsCanonical(n)).ToList();
        foreach (var node in nodes)
            graph.ReplaceNode(node, () => [Canonical(node, node[0], node[1], node.Output)]);
        return graph.Bodies.ToList().FindAll(Run).Count + nodes.Count > 0;
    }

    private static bool IsCanonical(Node node) => node[0].Rank >= 2 && node[1].Rank >= 2 && (node[0].Rank == 2 || node[1].Rank != 2);

    private static Value Canonical(Node node, Value a, Value b, Value y)
    {
        var left = a.Rank == 1 ? Shaped(a.Unsqueeze(0), [1, .. a.KnownShape.Sizes]) : a;
        var right = b.Rank == 1 ? Shaped(b.Unsqueeze(1), [.. b.KnownShape.Sizes, 1]) : b;
        if (left.Rank > 2 && right.Rank == 2)
        {
            var inner = left.KnownShape.Sizes[^1];
            var rows = left.KnownShape.IsStatic ? left.KnownShape.Count / Math.Max(inner, 1) : -1;
            left = Shaped(inner >= 0
                ? left.Reshape(-1, inner)
                : left.Graph.Emit("Flatten", [left], ("axis", left.Rank - 1)), [rows, inner]);
        }

        var product = left.MatMul(right);
        product.Producer!.Name = node.Name;
        long[] batch = left.Rank > 2 || right.Rank > 2 ? y.KnownShape.Sizes[..(Math.Max(left.Rank, right.Rank) - 2)] : [];
        Shaped(product, [.. batch, left.KnownShape.Sizes[^2], right.KnownShape.Sizes[^1]]);
        return product.Reshape(ShapeOf(y, a, b));
    }

    // The product's own shape: known, or computed from the operands'.
    private static Value ShapeOf(Value y, Value a, Value b)
    {
        if (y.KnownShape.IsStatic || y.KnownShape.Count(d => !d.IsKnown) == 1)
            return y.Graph.Vector([.. y.KnownShape.Sizes]);
        var front = a.Rank == 1 ? b.DynamicShape().Slice(0, 0, Math.Max(b.Rank - 2, 0)) : a.DynamicShape().Slice(0, 0, a.Rank - 1);
        return b.Rank == 1 ? front : Operators.Concat([front, b.DynamicShape().Slice(0, b.Rank - 1, b.Rank)], 0);
    }

    private static Value Shaped(Value value, long[] sizes)
    {
        value.Shape = Shape.Of(sizes);
        return value;
    }
}
