using System.Runtime.InteropServices;
using Sema.Onnx.Data.Transforms;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data.Batches;

/// <summary>Changes stored images at random: a pure function of (seed, epoch, sample), so threads and resuming do not
/// matter.</summary>
/// <remarks>
/// Crop: the image is padded on all sides with zeros (black, before normalisation) by 1/8 of its height and width,
/// rounded down but at least 1, and a window of its own size is cut out anywhere. Flip: left and right change places
/// with probability 1/2. Source: K. He et al., Deep residual learning for image recognition, CVPR 2016, section 4.2 (4
/// pixels of 32).
/// </remarks>
internal sealed class Augmenter
{
    private readonly Augmentation _augmentation;
    private readonly ulong _seed;
    private readonly int _planes;
    private readonly int _height;
    private readonly int _width;
    private readonly int _pixelBytes;

    /// <exception cref="DataException">The samples are no images.</exception>
    internal Augmenter(ArraySpec samples, Augmentation augmentation, ulong seed)
    {
        var image = ImageShape.Of(samples)
            ?? throw new DataException($"The data's samples are {samples}, and only images can be augmented; leave " +
                "out --augment.");
        (_augmentation, _seed) = (augmentation, seed);
        (_height, _width) = (image.Height, image.Width);
        (_planes, _pixelBytes) = image.ChannelsLast
            ? (1, image.Channels * samples.Type.Size())
            : (image.Channels, samples.Type.Size());
    }

    /// <summary>Writes the sample as this epoch sees it.</summary>
    internal void Apply(int epoch, int sample, ReadOnlySpan<byte> source, Span<byte> result)
    {
        var random = SplitMix64.For(_seed, RandomStream.Augment, epoch, sample);
        var (top, left) = (0, 0);
        if (_augmentation.Crop)
        {
            var (padY, padX) = (Math.Max(1, _height / 8), Math.Max(1, _width / 8));
            top = random.NextBelow(2 * padY + 1) - padY;
            left = random.NextBelow(2 * padX + 1) - padX;
        }

        var flip = _augmentation.Flip && random.NextBelow(2) == 1;
        Move(source, result, top, left, flip);
    }

    /// <summary>Cuts out the window whose first pixel is (<paramref name="top"/>, <paramref name="left"/>), which may
    /// lie outside.</summary>
    internal void Move(ReadOnlySpan<byte> source, Span<byte> result, int top, int left, bool flip)
    {
        var rowBytes = _width * _pixelBytes;
        var (from, to) = (Math.Max(0, left) * _pixelBytes, Math.Max(0, -left) * _pixelBytes);
        var length = Math.Max(0, rowBytes - from - to);
        for (var row = 0; row < _planes * _height; row++)
        {
            var target = result.Slice(row * rowBytes, rowBytes);
            var y = row % _height + top;
            if (y < 0 || y >= _height)
            {
                target.Clear();
                continue;
            }

            target[..to].Clear();
            source.Slice((row + top) * rowBytes + from, length).CopyTo(target[to..]);
            target[(to + length)..].Clear();
            if (flip)
                Mirror(target);
        }
    }

    private void Mirror(Span<byte> row)
    {
        switch (_pixelBytes)
        {
            case 1: row.Reverse(); break;
            case 2: MemoryMarshal.Cast<byte, short>(row).Reverse(); break;
            case 4: MemoryMarshal.Cast<byte, int>(row).Reverse(); break;
            case 8: MemoryMarshal.Cast<byte, long>(row).Reverse(); break;
            default: MirrorPixels(row); break;
        }
    }

    private void MirrorPixels(Span<byte> row)
    {
        row.Reverse();   // the pixels, and the bytes of each: turn those back
        for (var at = 0; at < row.Length; at += _pixelBytes)
            row.Slice(at, _pixelBytes).Reverse();
    }
}
