namespace Sema.Onnx.Graphs.Lowering;

/// <summary>Operators on images.</summary>
internal static class Images
{
    /// <summary>Pad with its borders as a vector or a matrix of one row.</summary>
    internal static IReadOnlyList<Value?> Padded(Node y)
    {
        var pads = y[1].Initializer is { } constant ? y.Graph.Vector(constant.ToInt64()) : y[1].Reshape(-1);
        return [y.Graph.Emit("Pad", [y[0], pads, y.Optional(2)], y.Attributes)];
    }
}
