using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Export;

/// <summary>Seeded noise to prove a model on where no data are at hand.</summary>
internal static class RandomBatch
{
    private const int Seed = 20240209;

    /// <summary>Draws a batch: floats uniform in [−1, 1), integers 0 or 1, which every vocabulary knows.</summary>
    internal static ReadOnlyMemory<byte> Draw(TensorSignature input)
    {
        var random = new Random(Seed);
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
