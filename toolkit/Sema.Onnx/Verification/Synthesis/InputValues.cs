using System.Globalization;
using System.Runtime.InteropServices;
using Sema.Onnx.Data.Batches;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Verification.Synthesis;

/// <summary>Draws the values of one input.</summary>
/// <remarks>
/// Integers come from the range that the model's use of them leaves; masks are ones. Where the model does not run, or gives what is not
/// finite, another <c>way</c> is tried: floats uniform in [0, 1) or a tenth as large, masks and switches the other way round.
/// </remarks>
/// <param name="input">The input.</param>
/// <param name="use">What the model does with it.</param>
/// <param name="given">The range that the caller asks for.</param>
internal sealed class InputValues(Value input, InputUse use, (double Least, double Largest)? given)
{
    /// <summary>How many ways of drawing there are.</summary>
    internal const int Ways = 3;

    private const int Small = 3;

    /// <summary>Draws a tensor.</summary>
    /// <param name="shape">The sizes.</param>
    /// <param name="length">What a length is at most: the sizes of the free axes of this draw.</param>
    /// <param name="way">The way, from 0.</param>
    /// <param name="random">What to draw from.</param>
    /// <returns>The tensor, and its range in words.</returns>
    internal (Tensor Tensor, string Range) Draw(IReadOnlyList<long> shape, long length, int way, SplitMix64 random)
    {
        var (values, range) = Values(Shape.Of(shape).Count, length, way, ref random);
        return (new Tensor(input.Type, [.. shape], Encoded(values)), range);
    }

    private (double[] Values, string Range) Values(long count, long length, int way, ref SplitMix64 random)
    {
        var isMask = input.Name.Contains("mask", StringComparison.OrdinalIgnoreCase);
        if (given is { } range)
            return input.Type.IsFloat() ? Uniform(count, range.Least, range.Largest, ref random) : Between(count, (long)range.Least, (long)range.Largest, ref random);
        if (isMask || input.Type == ElementType.Bool)
            return Among(count, [way % 2 == 0 ? 1 : 0], ref random);
        if (input.Type.IsFloat())
            return way == 1 ? Uniform(count, 0, 1, ref random) : Normal(count, way == 2 ? 0.1 : 1, ref random);
        if (use.IsPlace && (use.Below ?? (way == 0 ? count : 0)) is var places && places >= count)
            return Distinct(count, places, ref random);
        if (use.Below is { } below)
            return Between(count, 0, below - 1, ref random);
        if (use.Choices is [_, ..])
            return Among(count, use.Choices is [0] ? [0, 1] : use.Choices, ref random);
        if (input.Name.Contains("len", StringComparison.OrdinalIgnoreCase))
            return Among(count, [length], ref random);
        if (!input.Type.IsIndex())
            return Between(count, 0, input.Type == ElementType.UInt8 ? 255 : 127, ref random);
        return use.IsLength || (count == 1 && use.IsNumber) ? Between(count, 1, Small, ref random) : Between(count, 0, 1, ref random);
    }

    private static (double[] Values, string Range) Normal(long count, double scale, ref SplitMix64 random) =>
        (Array.ConvertAll(Gaussian.Vector(ref random, count), x => scale * x), scale == 1 ? "normal" : FormattableString.Invariant($"normal times {scale}"));

    private static (double[] Values, string Range) Uniform(long count, double least, double largest, ref SplitMix64 random)
    {
        var values = new double[count];
        foreach (ref var value in values.AsSpan())
            value = least + (largest - least) * Gaussian.Uniform(ref random);
        return (values, FormattableString.Invariant($"{least} to {largest}"));
    }

    private static (double[] Values, string Range) Between(long count, long least, long largest, ref SplitMix64 random)
    {
        var values = new double[count];
        foreach (ref var value in values.AsSpan())
            value = least + random.NextBelow((int)Math.Min(largest - least + 1, int.MaxValue));
        return (values, least == largest ? Text(least) : $"{Text(least)}..{Text(largest)}");
    }

    private static (double[] Values, string Range) Distinct(long count, long below, ref SplitMix64 random)
    {
        var seen = new HashSet<int>();
        var values = new double[count];
        foreach (ref var value in values.AsSpan())
        {
            // One of those left, in one draw (R. Floyd 1987).
            var last = (int)below - (int)count + seen.Count;
            var drawn = random.NextBelow(last + 1);
            value = seen.Add(drawn) ? drawn : last;
            seen.Add((int)value);
        }

        return (values, $"distinct of 0..{Text(below - 1)}");
    }

    private static (double[] Values, string Range) Among(long count, IReadOnlyList<long> choices, ref SplitMix64 random)
    {
        const int Few = 4;
        var values = new double[count];
        foreach (ref var value in values.AsSpan())
            value = choices[random.NextBelow(choices.Count)];
        return (values, choices.Count == 1 ? Text(choices[0])
            : $"one of {string.Join(", ", choices.Take(Few).Select(Text))}{(choices.Count > Few ? $", ... ({choices.Count})" : "")}");
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    private byte[] Encoded(double[] values) => input.Type switch
    {
        ElementType.Float32 => Bytes<float>(values, x => (float)x),
        ElementType.Float64 => Bytes<double>(values, x => x),
        ElementType.Float16 => Bytes<Half>(values, x => (Half)x),
        ElementType.Int64 or ElementType.UInt64 => Bytes<long>(values, x => (long)x),
        ElementType.Int32 or ElementType.UInt32 => Bytes<int>(values, x => (int)x),
        ElementType.Int16 or ElementType.UInt16 => Bytes<short>(values, x => (short)x),
        ElementType.Int8 or ElementType.UInt8 or ElementType.Bool => Bytes<byte>(values, x => (byte)x),
        _ => throw new InvalidModelException($"The model's input '{input.Name}' is {input.Type.Name()}; such values cannot be drawn."),
    };

    private static byte[] Bytes<T>(double[] values, Converter<double, T> convert)
        where T : unmanaged => MemoryMarshal.AsBytes<T>(Array.ConvertAll(values, convert)).ToArray();
}
