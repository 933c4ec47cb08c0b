using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data.Transforms;

/// <summary>An image's channels (1: grey, 3: colour), size in pixels, and whether the channels are its last
/// axis.</summary>
internal readonly record struct ImageShape(int Channels, int Height, int Width, bool ChannelsLast)
{
    /// <summary>Gets the number of pixels.</summary>
    internal int Pixels => Height * Width;

    /// <summary>Gets the number of values.</summary>
    internal int Values => Channels * Height * Width;

    /// <summary>Sees an array as an image: [C,H,W] or [H,W,C] of 1 or 3 channels in uint8 or floating-point, or uint8
    /// [H,W].</summary>
    /// <returns>The image, or <see langword="null"/> for an array that is none.</returns>
    internal static ImageShape? Of(ArraySpec array) => array.Shape.AsSpan() switch
    {
        _ when array.Type != ElementType.UInt8 && !array.Type.IsFloat() => null,
        [1 or 3, var h, var w] => new(array.Shape[0], h, w, ChannelsLast: false),
        [var h, var w, 1 or 3] => new(array.Shape[2], h, w, ChannelsLast: true),
        [var h, var w] when array.Type == ElementType.UInt8 => new(1, h, w, ChannelsLast: false),
        _ => null,
    };

    /// <summary>Returns the size such as <c>28x28</c>, height first.</summary>
    public override string ToString() => $"{Height}x{Width}";
}
