using System.Runtime.InteropServices;
using Sema.Onnx.Data;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Training;

/// <summary>Samples made from a seed: the class decides which features are large, or how bright the pixels are.</summary>
internal sealed class Samples : IDataset
{
    private readonly byte[][] _inputs;
    private readonly long[] _labels;

    internal Samples(int count, ArraySpec input, int seed)
    {
        (Input, _labels) = (input, new long[count]);
        var random = new Random(seed);
        _inputs = [.. Enumerable.Range(0, count).Select(i => Draw(random, _labels[i] = random.Next(TinyModels.Classes)))];
    }

    public int Count => _labels.Length;

    public ArraySpec Input { get; }

    public ArraySpec Target { get; } = new(ElementType.Int64);

    /// <summary>Called before a sample is read.</summary>
    internal Action<int> Reading { get; set; } = _ => { };

    internal ReadOnlySpan<byte> InputOf(int index) => _inputs[index];

    internal long this[int index]
    {
        get => _labels[index];
        set => _labels[index] = value;
    }

    /// <summary>Changes a number of a sample of floats.</summary>
    internal Samples With(int index, float value)
    {
        MemoryMarshal.Cast<byte, float>(_inputs[index].AsSpan())[0] = value;
        return this;
    }

    public void Read(int index, Span<byte> input, Span<byte> target)
    {
        Reading(index);
        _inputs[index].CopyTo(input);
        MemoryMarshal.Write(target, _labels[index]);
    }

    private byte[] Draw(Random random, long label)
    {
        var bytes = new byte[Input.ByteCount];
        for (var i = 0; i < Input.ElementCount; i++)
        {
            var bright = i * TinyModels.Classes / Input.ElementCount == label;
            if (Input.Type == ElementType.UInt8)
                bytes[i] = (byte)(random.Next(60) + 90 * label);
            else
                MemoryMarshal.Write(bytes.AsSpan(i * sizeof(float)), random.NextSingle() - 0.5f + (bright ? 1 : 0));
        }

        return bytes;
    }
}
