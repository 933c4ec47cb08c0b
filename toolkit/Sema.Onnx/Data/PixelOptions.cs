namespace Sema.Onnx.Data;

/// <summary>How stored values become the model's input: <c>(x / Scale - Mean) / Std</c>, in float32, each a value per
/// channel.</summary>
/// <remarks>
/// Channels are the model's: with <see cref="ChannelOrder.Bgr"/> the first mean is blue's. A uint8 image is resized to
/// the model's height and width when they differ, replicated when a grey image meets a model of 3 channels, and turned
/// grey by luma (0.299 R + 0.587 G + 0.114 B) when a colour image meets a model of 1. A float image is resized only if
/// asked to.
/// </remarks>
public sealed record PixelOptions
{
    /// <summary>Gets the divisor, positive. Default: 255 for uint8 images that become floating-point, 1 for all
    /// else.</summary>
    public double? Scale { get; init; }

    /// <summary>Gets what is subtracted after scaling: one value, or one a channel. Default: 0.</summary>
    public IReadOnlyList<double> Mean { get; init; } = [];

    /// <summary>Gets what the difference is divided by: one positive value, or one a channel. Default: 1.</summary>
    public IReadOnlyList<double> Std { get; init; } = [];

    /// <summary>Gets the order of the model's channels. Default: RGB.</summary>
    public ChannelOrder Channels { get; init; }

    /// <summary>Gets the side in pixels of the square that images are resized to (bilinear, half-pixel centres, no
    /// antialiasing), or <see langword="null"/> (default) for the model's own size.</summary>
    public int? Resize { get; init; }

    /// <summary>Gets the order of the axes of the model's input. Default: found from its shape.</summary>
    public PixelLayout Layout { get; init; }

    /// <summary>Whether any of scale, mean and standard deviation was given.</summary>
    internal bool IsNormalizing => Scale is not null || Mean.Count > 0 || Std.Count > 0;

    /// <summary>Whether anything was said of images at all.</summary>
    internal bool ConcernsImages => IsNormalizing || Resize is not null || Channels != ChannelOrder.Rgb;
}
