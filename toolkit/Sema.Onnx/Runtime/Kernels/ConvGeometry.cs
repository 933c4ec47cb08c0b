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
    private const int MostPlaces = 1 << 30;

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
    /// <exception cref="InvalidOperationException">There are no such windows.</exception>
    internal static ConvGeometry Of(int[] sizes, int[] kernel, int[] strides, int[] pads, int[] dilations)
    {
        Check(sizes, kernel, strides, pads, dilations);
        var windows = kernel.Select((k, i) => ((sizes[2 + i] + pads[i] + pads[kernel.Length + i] - ((k - 1) * dilations[i]) - 1) / strides[i]) + 1).ToArray();
        return new(sizes[0], sizes[1], Three(sizes[2..], 1), Three(windows, 1), Three(kernel, 1), Three(strides, 1), Three(dilations, 1), Three(pads[..kernel.Length], 0));
    }

    // Places in a padded plane are counted in 32 bits; a padded row may take 18 of its strides more (PaddedPlane).
    private static void Check(int[] sizes, int[] kernel, int[] strides, int[] pads, int[] dilations)
    {
        var axes = kernel.Length;
        var fits = axes is >= 1 and <= 3 && sizes.Length == 2 + axes && strides.Length == axes && pads.Length == 2 * axes && dilations.Length == axes
            && sizes[1] > 0 && kernel.Concat(strides).Concat(dilations).All(n => n > 0);
        double places = 1, taps = 1;
        for (var i = 0; fits && i < axes; i++)
        {
            long room = (long)sizes[2 + i] + pads[i], padded = room + pads[axes + i];
            fits = ((kernel[i] - 1L) * dilations[i]) + 1 <= padded;
            places *= Math.Max(room, padded) + ((i == axes - 1 ? 18.0 : 1) * strides[i]);
            taps *= kernel[i];
        }

        if (!fits || places > MostPlaces || taps > MostPlaces)
        {
            throw new InvalidOperationException($"There are no windows of {Text(kernel)} with strides {Text(strides)}, dilations {Text(dilations)} and padding {Text(pads)} "
                + $"in a tensor of {Text(sizes)}, or they are too large.");
        }

        static string Text(int[] numbers) => $"[{string.Join(", ", numbers)}]";
    }

    /// <summary>Refuses inputs of a convolution whose sizes do not belong together.</summary>
    /// <param name="x">X, or its sizes alone.</param>
    /// <param name="w">W.</param>
    /// <param name="kernel">A window's sizes.</param>
    /// <param name="groups">How many groups there are.</param>
    /// <exception cref="InvalidOperationException">W is not [outputs, channels of a group, kernel].</exception>
    internal static void CheckWeights(int[] x, int[] w, int[] kernel, int groups)
    {
        if (groups <= 0 || x.Length < 2 || w.Length < 2 || w[0] % groups != 0 || (long)w[1] * groups != x[1] || !w.AsSpan(2).SequenceEqual(kernel)
            || w.Aggregate(1.0, (count, size) => count * size) > int.MaxValue)
        {
            throw new InvalidOperationException($"Weights of [{string.Join(", ", w)}] are none for {groups} groups of windows of [{string.Join(", ", kernel)}] in a tensor of [{string.Join(", ", x)}].");
        }
    }

    /// <summary>Puts outer axes before those that there are, so that there are three.</summary>
    internal static int[] Three(int[] axes, int missing) => [.. Enumerable.Repeat(missing, 3 - axes.Length), .. axes];
}
