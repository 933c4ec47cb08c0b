namespace Sema.Onnx.Graphs.Upgrade;

/// <summary>Softmax and kin: until opset 12 over all axes from one on, from 13 over one.</summary>
internal static class SoftmaxAdapters
{
    internal static Node? OneAxis(Node node)
    {
        var (x, axis) = (node[0], node.Int("axis", 1));
        if (axis == -1 || (x.Shape is { } shape && FollowedByOnes(shape, axis)))
            return node.With(("axis", axis));
        var rows = x.Graph.Emit("Flatten", [x], ("axis", axis));
        return node.ReplacedBy(x.Graph.Emit(node.OpType, [rows], ("axis", -1)).Reshape(x.DynamicShape()));
    }

    private static bool FollowedByOnes(Shape shape, long axis) =>
        axis >= -shape.Rank && axis < shape.Rank && shape.Skip((int)(axis < 0 ? axis + shape.Rank : axis) + 1).All(d => d.Size == 1);
}
