using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data.Transforms;

/// <summary>What must be done to a stored image so that a model takes it.</summary>
internal sealed class PixelPlan
{
    private PixelPlan(ArraySpec sample, ImageShape source, ModelInput model, PixelOptions options)
    {
        (SourceArray, Source, Result) = (sample, source, PixelFit.Find(sample, source, model, options));
        ResultArray = model.Shape.Count switch
        {
            1 => new ArraySpec(model.Type, Result.Values),
            2 => new ArraySpec(model.Type, Result.Height, Result.Width),
            _ when Result.ChannelsLast => new ArraySpec(model.Type, Result.Height, Result.Width, Result.Channels),
            _ => new ArraySpec(model.Type, Result.Channels, Result.Height, Result.Width),
        };

        var isPixels = sample.Type == ElementType.UInt8 && model.Type.IsFloat();
        Normalization = new Normalization(options, Result.Channels, isPixels ? 255 : 1);
        ToGrey = Source.Channels == 3 && Result.Channels == 1;
        SourceChannels = [.. Enumerable.Range(0, Result.Channels).Select(channel =>
            Source.Channels == 1 || ToGrey ? 0 : options.Channels == ChannelOrder.Bgr ? 2 - channel : channel)];
        Steps = [.. Describe(options)];
    }

    internal ArraySpec SourceArray { get; }

    internal ArraySpec ResultArray { get; }

    internal ImageShape Source { get; }

    internal ImageShape Result { get; }

    internal Normalization Normalization { get; }

    /// <summary>Whether three colours become one grey.</summary>
    internal bool ToGrey { get; }

    /// <summary>For each channel of the result, the channel it is made of.</summary>
    internal int[] SourceChannels { get; }

    internal IReadOnlyList<string> Steps { get; }

    /// <summary>Whether the size in pixels changes.</summary>
    internal bool Resizes => (Source.Height, Source.Width) != (Result.Height, Result.Width);

    /// <exception cref="DataException">The image cannot be made to fit, or an option is out of range.</exception>
    internal static PixelPlan Create(ArraySpec sample, ImageShape image, ModelInput model, PixelOptions options) =>
        new(sample, image, model, options);

    private IEnumerable<string> Describe(PixelOptions options)
    {
        if (ToGrey)
            yield return "colour to grey by luma";
        if (Resizes)
            yield return $"resize {Source} to {Result} (bilinear)";
        if (Source.Channels < Result.Channels)
            yield return $"grey to {Result.Channels} equal channels";
        if (Source.Channels == 3 && Result.Channels == 3 && options.Channels == ChannelOrder.Bgr)
            yield return "RGB to BGR";
        if (!Normalization.IsIdentity)
            yield return Normalization.ToString();
        if (SourceArray.Type != ResultArray.Type)
            yield return $"{SourceArray.Type.Name()} to {ResultArray.Type.Name()}";
        if (!SourceArray.Shape.AsSpan().SequenceEqual(ResultArray.Shape.AsSpan()))
            yield return $"laid out as {ArraySpec.Format(ResultArray.Shape.AsSpan())}";
    }
}
