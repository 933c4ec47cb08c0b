namespace Sema.Onnx.Graphs;

/// <summary>The floats of 8 bits: a sign, an exponent and a mantissa, as ONNX defines them.</summary>
internal sealed class Float8
{
    private static readonly Dictionary<ElementType, Float8> Formats = new()
    {
        // Named after the bits of exponent and mantissa; fn: no infinities; uz: no negative zero, whose code is the only NaN.
        [ElementType.Float8E4M3FN] = new(mantissa: 3, bias: 7, most: 0x7E, hasNegativeZero: true),
        [ElementType.Float8E4M3FNUZ] = new(mantissa: 3, bias: 8, most: 0x7F, hasNegativeZero: false),
        [ElementType.Float8E5M2] = new(mantissa: 2, bias: 15, most: 0x7B, hasNegativeZero: true),
        [ElementType.Float8E5M2FNUZ] = new(mantissa: 2, bias: 16, most: 0x7F, hasNegativeZero: false),
    };

    // The finite numbers from 0 up, by their codes.
    private readonly float[] _magnitudes;
    private readonly bool _hasNegativeZero;

    private Float8(int mantissa, int bias, int most, bool hasNegativeZero)
    {
        _hasNegativeZero = hasNegativeZero;
        _magnitudes = [.. Enumerable.Range(0, most + 1).Select(code => (code >> mantissa, code & ((1 << mantissa) - 1)) is var (exponent, rest) && exponent == 0
            ? MathF.ScaleB(rest, 1 - bias - mantissa)
            : MathF.ScaleB((1 << mantissa) + rest, exponent - bias - mantissa))];
    }

    /// <summary>Gets the format of a type, or <see langword="null"/> where it has not 8 bits.</summary>
    internal static Float8? Of(ElementType type) => Formats.GetValueOrDefault(type);

    /// <summary>Gets the largest number.</summary>
    internal float Largest => _magnitudes[^1];

    /// <summary>Gets the number of a code; NaN for codes beyond the largest number.</summary>
    internal float Decode(byte code)
    {
        var magnitude = (code & 0x7F) < _magnitudes.Length && (code != 0x80 || _hasNegativeZero) ? _magnitudes[code & 0x7F] : float.NaN;
        return code < 0x80 ? magnitude : -magnitude;
    }

    /// <summary>Gets the code of the nearest number, the even one of two; beyond the largest it stays the largest.</summary>
    internal byte Encode(float value)
    {
        var magnitude = MathF.Abs(value);
        var above = Array.BinarySearch(_magnitudes, magnitude) is >= 0 and var exact ? exact : ~Array.BinarySearch(_magnitudes, magnitude);
        var code = above == _magnitudes.Length ? above - 1 : above;
        if (code > 0 && code == above && _magnitudes[code] != magnitude)
        {
            double below = magnitude - _magnitudes[code - 1], behind = _magnitudes[code] - magnitude;
            if (below < behind || (below == behind && code % 2 != 0))
                code--;
        }

        return (byte)(float.IsNegative(value) && (code > 0 || _hasNegativeZero) ? code | 0x80 : code);
    }
}
