namespace Sema.Onnx.Graphs.Upgrade;

/// <summary>Resize, its forerunner Upsample, and GridSample.</summary>
internal static class ResizeAdapters
{
    internal static Node ScalesToInput(Node node)
    {
        var scales = node.Get<float[]>("scales")
            ?? throw new InvalidModelException($"Operator 'Upsample', node {node.Label}, lacks its attribute 'scales'.");
        var name = node.Graph.UniqueName("scales");
        return node.WithInput(1, node.Graph.AddInitializer(name, Tensor.Floats([scales.Length], scales))).Without("scales");
    }

    /// <summary>Upsample 9 is Resize 10 that never shrinks, so its rounding is known whatever the scales.</summary>
    internal static Node UpsampleToResize(Node node) => (Nearest(node) ? node.With(("nearest_mode", "floor")) : node).As("Resize");

    /// <summary>Resize 10 knows one way from an output's position to an input's; Resize 11 has it among others, under names.</summary>
    internal static Node Coordinates(Node node)
    {
        node.Set(("coordinate_transformation_mode", "asymmetric"));
        var scales = node[1];
        var known = scales.Initializer?.ToFloat64();
        if (Nearest(node) && !node.Has("nearest_mode"))
        {
            // Resize 10 rounds down along axes that grow and up along axes that shrink.
            if (known is null || (known.Any(s => s > 1) && known.Any(s => s < 1)))
            {
                var one = node.Graph.Scalar(1, ElementType.Float32);
                node.Inputs[0] = node.Graph.Emit("Resize", [node[0], null, scales.Max(one)], [.. node.Attributes, ("nearest_mode", "floor")]);
                scales = scales.Min(one);
            }

            node.Set(("nearest_mode", known is not null && known.All(s => s >= 1) ? "floor" : "ceil"));
        }

        return node.WithInput(1, null).WithInput(2, scales);
    }

    /// <summary>Resize 11 gives an empty tensor for an input that it does not use; from 13 on it is absent.</summary>
    internal static Node AbsentInputs(Node node)
    {
        var mode = node.Has("coordinate_transformation_mode") ? node.Get<string>("coordinate_transformation_mode") : "half_pixel";
        if (mode != "tf_crop_and_resize")
            node.WithInput(1, null);
        if (node.Optional(3) is not null || node.Optional(2)?.Initializer?.Count == 0)
            node.WithInput(2, null);
        if (mode == "tf_half_pixel_for_nn")
            HalfPixelForNearest(node);
        return node;
    }

    /// <summary>GridSample 20 renamed the modes.</summary>
    internal static Node NewModeNames(Node node) => node.With(("mode", (node.Get<string>("mode") ?? "bilinear") switch
    {
        "bilinear" => "linear",
        "bicubic" => "cubic",
        var other => other,
    }));

    // 13 took out tf_half_pixel_for_nn, (i + ½) / s. Rounded down it is half_pixel, (i + ½) / s - ½, to the nearest, ties up.
    private static void HalfPixelForNearest(Node node)
    {
        if (!Nearest(node) || node.Get<string>("nearest_mode") != "floor")
        {
            throw new InvalidModelException(
                $"Operator 'Resize', node {node.Label}: 'tf_half_pixel_for_nn' is upgraded with mode 'nearest' and nearest_mode 'floor' only. "
                + "Export the model again at opset 13 or later.");
        }

        node.With(("coordinate_transformation_mode", "half_pixel")).Set(("nearest_mode", "round_prefer_ceil"));
    }

    private static bool Nearest(Node node) => (node.Get<string>("mode") ?? "nearest") == "nearest";
}
