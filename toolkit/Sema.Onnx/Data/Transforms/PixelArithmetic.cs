using System.Buffers;
using System.Runtime.InteropServices;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data.Transforms;

/// <summary>The general way for images: float32 planes, made grey, resized and normalised, then laid out for the
/// model.</summary>
internal sealed class PixelArithmetic : ISampleTransform
{
    private readonly PixelPlan _plan;
    private readonly BilinearResize? _resize;
    private readonly ValueConverter _toFloat;
    private readonly ValueConverter _toResult;

    internal PixelArithmetic(PixelPlan plan)
    {
        var (from, to) = (plan.Source, plan.Result);
        _plan = plan;
        _resize = plan.Resizes ? new BilinearResize(from.Height, from.Width, to.Height, to.Width) : null;
        _toFloat = ValueConversion.Between(plan.SourceArray.Type, ElementType.Float32);
        _toResult = plan.ResultArray.Type == ElementType.UInt8
            ? Round
            : ValueConversion.Between(ElementType.Float32, plan.ResultArray.Type);
    }

    public ArraySpec Source => _plan.SourceArray;

    public ArraySpec Result => _plan.ResultArray;

    public IReadOnlyList<string> Steps => _plan.Steps;

    public void Apply(ReadOnlySpan<byte> source, Span<byte> result)
    {
        var (from, to) = (_plan.Source, _plan.Result);
        var length = 2 * from.Values + from.Channels * to.Pixels + to.Values + (_resize?.ScratchLength ?? 0);
        var rented = ArrayPool<float>.Shared.Rent(length);
        var rest = rented.AsSpan();
        var planes = ToPlanes(source, Take(ref rest, from.Values), Take(ref rest, from.Values));
        if (_plan.ToGrey)
            Grey(planes, from.Pixels);
        planes = Resize(planes, Take(ref rest, from.Channels * to.Pixels), rest[to.Values..]);

        var values = rest[..to.Values];
        for (var channel = 0; channel < to.Channels; channel++)
        {
            var plane = planes.Slice(_plan.SourceChannels[channel] * to.Pixels, to.Pixels);
            if (to.ChannelsLast)
                Scatter(plane, channel, values);
            else
                _plan.Normalization.Apply(channel, plane, values.Slice(channel * to.Pixels, to.Pixels));
        }

        _toResult(MemoryMarshal.AsBytes(values), result);
        ArrayPool<float>.Shared.Return(rented);
    }

    private Span<float> ToPlanes(ReadOnlySpan<byte> source, Span<float> stored, Span<float> planes)
    {
        _toFloat(source, MemoryMarshal.AsBytes(stored));
        var (channels, pixels) = (_plan.Source.Channels, _plan.Source.Pixels);
        if (!_plan.Source.ChannelsLast || channels == 1)
            return stored;

        for (var channel = 0; channel < channels; channel++)
        {
            var plane = planes.Slice(channel * pixels, pixels);
            for (var i = 0; i < plane.Length; i++)
                plane[i] = stored[i * channels + channel];
        }

        return planes;
    }

    // ITU-R BT.601 luma, into the first plane.
    private static void Grey(Span<float> planes, int pixels)
    {
        var red = planes[..pixels];
        var green = planes.Slice(pixels, pixels);
        var blue = planes.Slice(2 * pixels, pixels);
        for (var i = 0; i < red.Length; i++)
            red[i] = 0.299f * red[i] + 0.587f * green[i] + 0.114f * blue[i];
    }

    private Span<float> Resize(Span<float> planes, Span<float> resized, Span<float> scratch)
    {
        if (_resize is null)
            return planes;

        var (from, to) = (_plan.Source, _plan.Result);
        for (var channel = 0; channel < (_plan.ToGrey ? 1 : from.Channels); channel++)
        {
            var plane = planes.Slice(channel * from.Pixels, from.Pixels);
            _resize.Apply(plane, resized.Slice(channel * to.Pixels, to.Pixels), scratch);
        }

        return resized;
    }

    private void Scatter(ReadOnlySpan<float> plane, int channel, Span<float> values)
    {
        var channels = _plan.Result.Channels;
        for (var i = 0; i < plane.Length; i++)
            values[i * channels + channel] = _plan.Normalization.Apply(channel, plane[i]);
    }

    // A model that takes pixels as bytes: the nearest one. NaN becomes 0.
    private static void Round(ReadOnlySpan<byte> source, Span<byte> result)
    {
        var values = MemoryMarshal.Cast<byte, float>(source);
        for (var i = 0; i < values.Length; i++)
            result[i] = byte.CreateSaturating(MathF.Round(values[i]));
    }

    private static Span<float> Take(ref Span<float> rest, int length)
    {
        var taken = rest[..length];
        rest = rest[length..];
        return taken;
    }
}
