using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Export;

/// <summary>Seeded noise to prove a model on where no data are at hand.</summary>
internal static class RandomBatch
{
    private const int Seed = 20240209;

    /// <summary>Draws a batch of each input: floats uniform in [−1, 1), integers 0 or 1, which every vocabulary knows.</summary>
    internal static IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Draw(IReadOnlyList<TensorSignature> inputs)
    {
        var random = new Random(Seed);
        return inputs.ToDictionary(i => i.Name, i => Draw(i, random));
    }

    private static ReadOnlyMemory<byte> Draw(TensorSignature input, Random random)
    {
        using var tensor = new HostTensor(input.Type, [.. input.Shape]);
        if (input.Type.IsFloat())
        {
            float[] values = [.. Enumerable.Range(0, tensor.Bytes.Length / input.Type.Size()).Select(_ => 2 * random.NextSingle() - 1)];
            FloatBytes.Encode(input.Type, values).CopyTo(tensor.Bytes);
        }
        else
        {
            for (var i = 0; i < tensor.Bytes.Length; i += input.Type.Size())
                tensor.Bytes[i] = (byte)random.Next(2); // little-endian
        }

        return tensor.Bytes.ToArray();
    }
}
