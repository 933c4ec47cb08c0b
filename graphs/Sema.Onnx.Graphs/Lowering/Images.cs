namespace Sema.Onnx.Graphs.Lowering;

/// <summary>Operators on images [N, C, H, W]: scaled, cut and padded.</summary>
internal static class Images
{
    /// <summary>x·scale + bias, a bias for each channel.</summary>
    internal static IReadOnlyList<Value?> Scaled(Node y)
    {
        var bias = y.Get<float[]>("bias") ?? throw y.Refused("the attribute 'bias' is missing");
        var vector = y.Graph.AddInitializer(y.Graph.UniqueName("bias"), Tensor.Floats([bias.Length, 1, 1], bias));
        return [y[0] * y.Float("scale", 1) + vector];
    }

    /// <summary>Without a border, or a window of a size behind it.</summary>
    internal static IReadOnlyList<Value?> Cropped(Node y)
    {
        if (y.Ints("border") is not { Length: 4 } border)
            throw y.Refused("the attribute 'border' must have 4 elements");
        var (left, top, right, bottom) = (border[0], border[1], border[2], border[3]);
        var (end, side) = y.Ints("scale") is { Length: 2 } window ? (top + window[0], left + window[1])
            : (y.Size(y[0], 2) - bottom, y.Size(y[0], 3) - right);
        return [y[0].Slice(2, top, end).Slice(3, left, side)];
    }

    /// <summary>Pad with its borders as a vector or a matrix of one row.</summary>
    internal static IReadOnlyList<Value?> Padded(Node y)
    {
        var pads = y[1].Initializer is { } constant ? y.Graph.Vector(constant.ToInt64()) : y[1].Reshape(-1);
        return [y.Graph.Emit("Pad", [y[0], pads, y.Optional(2)], y.Attributes)];
    }
}
