using System.Runtime.InteropServices;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data.Transforms;

/// <summary>The fast way for uint8 pixels that keep their size: a table of 256 results a channel.</summary>
internal sealed class PixelLookup : ISampleTransform
{
    private readonly PixelPlan _plan;
    private readonly float[][] _tables;

    /// <param name="plan">One that <see cref="Suits"/>.</param>
    internal PixelLookup(PixelPlan plan)
    {
        _plan = plan;
        _tables = [.. Enumerable.Range(0, plan.Result.Channels).Select(channel =>
            Enumerable.Range(0, 256).Select(value => plan.Normalization.Apply(channel, value)).ToArray())];
    }

    public ArraySpec Source => _plan.SourceArray;

    public ArraySpec Result => _plan.ResultArray;

    public IReadOnlyList<string> Steps => _plan.Steps;

    internal static bool Suits(PixelPlan plan) => plan is
    {
        SourceArray.Type: ElementType.UInt8,
        ResultArray.Type: ElementType.Float32,
        Resizes: false,
        ToGrey: false,
    };

    public void Apply(ReadOnlySpan<byte> source, Span<byte> result)
    {
        var floats = MemoryMarshal.Cast<byte, float>(result);
        var (from, to) = (_plan.Source, _plan.Result);
        for (var channel = 0; channel < to.Channels; channel++)
        {
            var table = _tables[channel];
            var first = _plan.SourceChannels[channel];
            if (from.ChannelsLast || to.ChannelsLast)
            {
                var (x, step) = from.ChannelsLast ? (first, from.Channels) : (first * from.Pixels, 1);
                var (y, stride) = to.ChannelsLast ? (channel, to.Channels) : (channel * to.Pixels, 1);
                for (var i = 0; i < from.Pixels; i++, x += step, y += stride)
                    floats[y] = table[source[x]];
            }
            else
            {
                var plane = source.Slice(first * from.Pixels, from.Pixels);
                LookUp(table, plane, floats.Slice(channel * to.Pixels, to.Pixels));
            }
        }
    }

    private static void LookUp(float[] table, ReadOnlySpan<byte> source, Span<float> result)
    {
        for (var i = 0; i < source.Length && i < result.Length; i++)
            result[i] = table[source[i]];
    }
}
