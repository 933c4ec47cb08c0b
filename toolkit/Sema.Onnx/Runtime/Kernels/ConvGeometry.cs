namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Where the windows of a convolution lie: three spatial axes, the outer ones of size 1 where there are fewer.</summary>
/// <param name="Batch">Images.</param>
/// <param name="Channels">Channels of an image.</param>
/// <param name="Plane">Sizes of an image.</param>
/// <param name="Windows">How many windows stand along each axis.</param>
/// <param name="Kernel">A window's sizes.</param>
/// <param name="Strides">The distances between windows.</param>
/// <param name="Dilations">The distances between a window's elements.</param>
/// <param name="Before">The padding before the image.</param>
internal sealed record ConvGeometry(int Batch, int Channels, int[] Plane, int[] Windows, int[] Kernel, int[] Strides, int[] Dilations, int[] Before)
{
    /// <summary>Gets the elements of a channel.</summary>
    internal int PlaneSize { get; } = Plane[0] * Plane[1] * Plane[2];

    /// <summary>Gets the windows of an image.</summary>
    internal int WindowCount { get; } = Windows[0] * Windows[1] * Windows[2];

    /// <summary>Gets the elements of a window in one channel.</summary>
    internal int Taps { get; } = Kernel[0] * Kernel[1] * Kernel[2];

    /// <summary>Makes the geometry of windows over a tensor.</summary>
    /// <param name="sizes">The tensor's sizes: images, channels, one to three spatial axes.</param>
    /// <param name="kernel">A window's sizes.</param>
    /// <param name="strides">The distances between windows.</param>
    /// <param name="pads">The padding before and behind each axis, as Conv has it.</param>
    /// <param name="dilations">The distances between a window's elements.</param>
    internal static ConvGeometry Of(int[] sizes, int[] kernel, int[] strides, int[] pads, int[] dilations)
    {
        var windows = kernel.Select((k, i) => ((sizes[2 + i] + pads[i] + pads[kernel.Length + i] - ((k - 1) * dilations[i]) - 1) / strides[i]) + 1).ToArray();
        return new(sizes[0], sizes[1], Three(sizes[2..], 1), Three(windows, 1), Three(kernel, 1), Three(strides, 1), Three(dilations, 1), Three(pads[..kernel.Length], 0));
    }

    /// <summary>Puts outer axes before those that there are, so that there are three.</summary>
    internal static int[] Three(int[] axes, int missing) => [.. Enumerable.Repeat(missing, 3 - axes.Length), .. axes];
}
