using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data.Transforms;

/// <summary>Finds the channels, size and layout that a model wants of an image.</summary>
internal static class PixelFit
{
    /// <exception cref="DataException">No image of that shape can be made of the sample.</exception>
    internal static ImageShape Find(ArraySpec sample, ImageShape source, ModelInput model, PixelOptions options)
    {
        if (options.Resize < 1)
            throw new DataException($"The size {options.Resize} for --resize must be at least 1 pixel.");

        var last = IsChannelsLast(model.Shape, options.Layout);
        var (channels, height, width) = (model.Shape.Count, last) switch
        {
            (1, _) => (-1, -1, -1),
            (2, _) => (1, model.Shape[0], model.Shape[1]),
            (3, false) => (model.Shape[0], model.Shape[1], model.Shape[2]),
            (3, true) => (model.Shape[2], model.Shape[0], model.Shape[1]),
            _ => throw model.Mismatch(sample, "an image fits a model that takes [C,H,W], [H,W,C], [H,W] or its " +
                "pixels in one row"),
        };

        var result = new ImageShape(
            channels < 0 ? source.Channels : channels,
            height < 0 ? options.Resize ?? source.Height : height,
            width < 0 ? options.Resize ?? source.Width : width,
            last);
        if (result.Channels is not (1 or 3))
            throw model.Mismatch(sample, $"an image has 1 or 3 channels, not {result.Channels}; if the model's " +
                "channels are another axis, state the layout");
        if (options.Resize is { } side && (result.Height, result.Width) != (side, side))
            throw model.Mismatch(sample, $"--resize {side} contradicts the model's own size; leave it out");
        var resizes = (result.Height, result.Width) != (source.Height, source.Width);
        if (resizes && options.Resize is null && sample.Type.IsFloat())
            throw model.Mismatch(sample, "only uint8 images are resized unasked; pass --resize if these are images, " +
                "or prepare the data in the model's shape");
        if (model.Shape is [>= 0 and var length] && length != result.Values)
            throw model.Mismatch(sample, $"{result.Values} values do not fill {length}; resize the images, or check " +
                "that these are the model's data");
        return result;
    }

    private static bool IsChannelsLast(IReadOnlyList<int> shape, PixelLayout layout) => layout switch
    {
        PixelLayout.ChannelsFirst => false,
        PixelLayout.ChannelsLast => true,
        _ => shape is [not (1 or 3), _, 1 or 3],
    };
}
