namespace Sema.Onnx.Graphs.Upgrade;

/// <summary>Broadcasting before opset 7: the second operand alone, along axes that lie together.</summary>
internal static class BroadcastAdapters
{
    /// <summary>Operands are of one shape, or the second's axes are the first's from one on, by default its last.</summary>
    internal static Node AtAxis(Node node)
    {
        // -1 is Caffe2's way to write the default.
        if (node.Int("broadcast", 0) != 0 && node.Int("axis", -1) is var axis && axis != -1)
            node.WithInput(1, Aligned(node, node[1], node[0], axis));
        return node.Without("broadcast").Without("axis");
    }

    /// <summary>PRelu 6 has one slope, or one for each channel; in PRelu 7 a slope is of the last axes.</summary>
    internal static Node SlopePerChannel(Node node)
    {
        var (x, slope) = (node[0], node[1]);
        return slope.Shape is { } shape && (shape.Rank != 1 || shape[0].Size == 1) ? node : node.WithInput(1, Aligned(node, slope, x, 1));
    }

    /// <summary>A vector of ones.</summary>
    internal static Value Ones(Value length) => length.Graph.Emit("ConstantOfShape", [length], ("value", Tensor.Vector(1))).As(ElementType.Int64);

    // Puts axes of size 1 behind those of b, so that its first is axis of a.
    private static Value Aligned(Node node, Value b, Value a, long axis)
    {
        if (a.Shape is { } whole && b.Shape is { } part)
        {
            var place = axis < 0 ? axis + whole.Rank : axis;
            var behind = whole.Rank - part.Rank - place;
            return behind == 0 ? b
                : behind > 0 && place >= 0 ? b.Unsqueeze([.. Enumerable.Range(part.Rank, (int)behind).Select(i => (long)i)])
                : throw new InvalidModelException(
                    $"Operator '{node.OpType}', node {node.Label}: '{b.Name}', of shape {part}, does not fit into '{a.Name}', of shape {whole}, from axis {axis} on.");
        }

        var (sizes, rank) = (b.DynamicShape(), a.DynamicShape().DynamicShape());
        var first = axis < 0 ? rank + a.Graph.Vector(axis) : a.Graph.Vector(axis);
        return b.Reshape(Operators.Concat([sizes, Ones(rank - sizes.DynamicShape() - first)], 0));
    }
}
