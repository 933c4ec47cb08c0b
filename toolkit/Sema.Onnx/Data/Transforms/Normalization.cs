using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Sema.Onnx.Data.Transforms;

/// <summary>Computes <c>(x / scale - mean) / std</c> in float32, with a mean and a standard deviation per
/// channel.</summary>
/// <remarks>Divides, and does not multiply by inverses: the bits equal those of NumPy and PyTorch.</remarks>
internal sealed class Normalization
{
    private readonly float _scale;
    private readonly float[] _mean;
    private readonly float[] _std;

    /// <param name="options">Validated here.</param>
    /// <param name="channels">How many channels the model has.</param>
    /// <param name="defaultScale">The divisor where none is given.</param>
    /// <exception cref="DataException">A number is out of range, or there are not as many as channels.</exception>
    internal Normalization(PixelOptions options, int channels, double defaultScale)
    {
        _scale = Positive(options.Scale ?? defaultScale, "scale");
        _mean = PerChannel(options.Mean, channels, 0, "mean", Finite);
        _std = PerChannel(options.Std, channels, 1, "standard deviation", Positive);
    }

    /// <summary>Whether it changes nothing.</summary>
    internal bool IsIdentity => _scale == 1 && _mean.All(mean => mean == 0) && _std.All(std => std == 1);

    /// <summary>Computes one value.</summary>
    internal float Apply(int channel, float value) => (value / _scale - _mean[channel]) / _std[channel];

    /// <summary>Computes the values of one channel; <paramref name="result"/> may be
    /// <paramref name="source"/>.</summary>
    internal void Apply(int channel, ReadOnlySpan<float> source, Span<float> result)
    {
        var scale = new Vector<float>(_scale);
        var mean = new Vector<float>(_mean[channel]);
        var std = new Vector<float>(_std[channel]);
        var x = MemoryMarshal.Cast<float, Vector<float>>(source);
        var y = MemoryMarshal.Cast<float, Vector<float>>(result)[..x.Length];
        for (var i = 0; i < x.Length; i++)
            y[i] = (x[i] / scale - mean) / std;
        for (var i = x.Length * Vector<float>.Count; i < source.Length; i++)
            result[i] = Apply(channel, source[i]);
    }

    /// <summary>Returns the formula without what it leaves alone, such as <c>(x / 255 - 0.5) / [0.2, 0.3,
    /// 0.2]</c>.</summary>
    public override string ToString()
    {
        var text = _scale == 1 ? "x" : string.Create(CultureInfo.InvariantCulture, $"x / {_scale}");
        if (_mean.Any(mean => mean != 0))
            text += $" - {List(_mean)}";
        return _std.Any(std => std != 1) ? $"({text}) / {List(_std)}" : text;
    }

    private static string List(float[] values)
    {
        var texts = values.Distinct().Count() == 1 ? values[..1] : values;
        var text = string.Join(", ", texts.Select(value => value.ToString(CultureInfo.InvariantCulture)));
        return texts.Length == 1 ? text : $"[{text}]";
    }

    private static float[] PerChannel(
        IReadOnlyList<double> values, int channels, double missing, string name, Func<double, string, float> check)
    {
        if (values.Count > 1 && values.Count != channels)
            throw new DataException($"{values.Count} values are given for the {name}, and the model's input has " +
                $"{channels} channel(s); give one, or one a channel.");

        return [.. Enumerable.Range(0, channels).Select(channel => check(Value(channel), name))];

        double Value(int channel) => values.Count switch
        {
            0 => missing,
            1 => values[0],
            _ => values[channel],
        };
    }

    private static float Finite(double value, string name) => float.IsFinite((float)value)
        ? (float)value
        : throw new DataException(string.Create(CultureInfo.InvariantCulture, $"The {name} {value} is not a finite " +
            $"number."));

    private static float Positive(double value, string name) => Finite(value, name) > 0
        ? (float)value
        : throw new DataException(string.Create(CultureInfo.InvariantCulture, $"The {name} {value} must be above 0: " +
            $"pixels are divided by it."));
}
