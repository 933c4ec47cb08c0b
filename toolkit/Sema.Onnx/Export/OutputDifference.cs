using System.Globalization;
using Sema.Onnx.Graphs;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Export;

/// <summary>How far one output of two models is apart, over all batches.</summary>
internal sealed class OutputDifference(string name)
{
    /// <summary>The share of integers (choices such as ArgMax) that may differ: near ties fall one way or the other.</summary>
    private const double IntegersMayDiffer = 0.01;

    /// <summary>Outputs smaller than this count as if they were as large.</summary>
    private const double Negligible = 1e-6;

    private double _magnitude = Negligible;
    private long _integers, _differing;

    /// <summary>Gets the largest difference of two elements; infinite where only one is a number.</summary>
    internal double Absolute { get; private set; }

    /// <summary>Gets the largest difference relative to the largest magnitude that was expected, at least 1e-6.</summary>
    internal double Relative => Absolute / _magnitude;

    /// <summary>Compares an output of one run.</summary>
    /// <param name="expected">The whole batch's.</param>
    /// <param name="actual">The same, or the part of it.</param>
    /// <param name="part">Which part, from 0.</param>
    /// <param name="parts">How many parts there are.</param>
    internal void Add(HostTensor expected, HostTensor actual, int part, int parts)
    {
        // The training graphs have float32 where the model has another float type.
        var size = actual.Bytes.Length / actual.Type.Size() * expected.Type.Size();
        var fits = (expected.Type == actual.Type || (expected.Type == ElementType.Float32 && actual.Type.IsFloat())) && (parts == 1
            ? expected.Shape.SequenceEqual(actual.Shape)
            : expected.Shape.Count > 0 && expected.Bytes.Length == (long)size * parts && expected.Shape.Skip(1).SequenceEqual(actual.Shape.Skip(1)));
        if (!fits)
        {
            throw new ExportException($"The output '{name}' of the exported model is {actual.Type.Name()} {Shape.Of(actual.Shape)}"
                + $"{(parts == 1 ? "" : " for one sample")}, and the training graphs make {expected.Type.Name()} {Shape.Of(expected.Shape)} of it.");
        }

        var bytes = expected.Bytes.Slice(part * size, size);
        if (actual.Type.IsFloat())
            Floats(Numbers(expected.Type, bytes), Numbers(actual.Type, actual.Bytes));
        else
            Integers(actual.Type.Size(), bytes, actual.Bytes);
    }

    /// <summary>Refuses what is too far off.</summary>
    /// <exception cref="ExportException">The output is.</exception>
    internal void Check(double tolerance)
    {
        if (!(Relative <= tolerance))
        {
            throw new ExportException(string.Create(CultureInfo.InvariantCulture,
                $"The exported model was not proven and is not kept: its output '{name}' differs from that of the training graphs by up to {Absolute:g3}, {Relative:g3} of the largest value, where {tolerance:g3} is allowed. Was '{name}' trained from this model file?"));
        }

        if (_differing > IntegersMayDiffer * _integers)
        {
            throw new ExportException(
                $"The exported model was not proven and is not kept: {_differing} of {_integers} elements of its output '{name}' differ from those of the training graphs.");
        }
    }

    private static double[] Numbers(ElementType type, ReadOnlySpan<byte> bytes) => new Tensor(type, [bytes.Length / type.Size()], bytes.ToArray()).ToFloat64();

    private void Floats(double[] expected, double[] actual)
    {
        for (var i = 0; i < expected.Length; i++)
        {
            var (e, a) = (expected[i], actual[i]);
            if (double.IsFinite(e))
                _magnitude = Math.Max(_magnitude, Math.Abs(e));
            var difference = e.Equals(a) ? 0 : Math.Abs(e - a);
            Absolute = Math.Max(Absolute, double.IsNaN(difference) ? double.PositiveInfinity : difference);
        }
    }

    private void Integers(int size, ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual)
    {
        for (var i = 0; i < expected.Length; i += size)
            _differing += expected.Slice(i, size).SequenceEqual(actual.Slice(i, size)) ? 0 : 1;
        _integers += expected.Length / size;
    }
}
