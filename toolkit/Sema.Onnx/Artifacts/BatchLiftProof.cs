using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Artifacts;

/// <summary>Shows by running that a model whose batch axis was lifted gives each sample the result it had alone.</summary>
internal static class BatchLiftProof
{
    private const int Samples = 3;

    /// <summary>How far results may differ, relative to the largest: the runtime may sum in another order for a batch.</summary>
    private const double Tolerance = 1e-4;

    /// <exception cref="InvalidModelException">The results differ, or the lifted model does not run.</exception>
    internal static void Check(string original, Model lifted)
    {
        var random = new Random(1);
        var inputs = lifted.Graph.Inputs.Where(v => v.Initializer is null).ToList();
        var batch = inputs.ToDictionary(v => v.Name, v => Draw(v, random));
        try
        {
            var together = ModelRunner.Run(ModelWriter.Write(lifted), batch);
            using var alone = new Session(original);
            for (var sample = 0; sample < Samples; sample++)
            {
                var results = ModelRunner.Run(alone, batch.ToDictionary(b => b.Key, b => Take(b.Value, sample)));
                foreach (var (name, result) in results)
                    Compare(name, result, together[name], sample);
            }
        }
        catch (RuntimeException e)
        {
            throw Refused(e.Message, e);
        }
    }

    private static void Compare(string name, HostTensor alone, HostTensor together, int sample)
    {
        if (together.Bytes.Length != Samples * alone.Bytes.Length)
        {
            throw Refused($"its output '{name}' has the shape [{string.Join(", ", alone.Shape)}] for one sample and "
                + $"[{string.Join(", ", together.Shape)}] for {Samples}: it does not grow with the batch");
        }

        var part = together.Bytes.Slice(sample * alone.Bytes.Length, alone.Bytes.Length);
        if (!alone.Type.IsFloat())
        {
            if (!part.SequenceEqual(alone.Bytes))
                throw Refused($"its output '{name}' for a sample changes when others stand beside it");
            return;
        }

        double[] a = Numbers(alone.Type, alone.Bytes), b = Numbers(alone.Type, part);
        var scale = a.Aggregate(1e-6, (largest, value) => Math.Max(largest, Math.Abs(value)));
        for (var i = 0; i < a.Length; i++)
        {
            if (Math.Abs(a[i] - b[i]) > Math.Max(Tolerance, 2 * alone.Type.HalfRounding()) * scale)
                throw Refused($"its output '{name}' for a sample changes from {a[i]} to {b[i]} when others stand beside it");
        }
    }

    private static double[] Numbers(ElementType type, ReadOnlySpan<byte> bytes) =>
        new Tensor(type, [bytes.Length / type.Size()], bytes.ToArray()).ToFloat64();

    private static InvalidModelException Refused(string reason, Exception? inner = null) => new(
        $"The model has a batch size of 1 baked in, and it cannot be lifted: {reason}. Export it with a symbolic batch axis.", inner);

    private static HostTensor Draw(Value input, Random random)
    {
        long[] shape = [Samples, .. input.Shape!.Skip(1).Select(d => d.IsKnown ? d.Size : 8)];
        var tensor = new HostTensor(input.Type, input.Shape![0].Symbol == BatchAxis.Symbol ? shape : [.. input.Shape.Sizes]);
        if (input.Type.IsFloat())
        {
            float[] values = [.. Enumerable.Range(0, tensor.Bytes.Length / input.Type.Size()).Select(_ => random.NextSingle())];
            FloatBytes.Encode(input.Type, values).CopyTo(tensor.Bytes);
        }

        return tensor;
    }

    private static HostTensor Take(HostTensor batch, int sample)
    {
        long[] shape = [1, .. batch.Shape.Skip(1)];
        var one = new HostTensor(batch.Type, shape);
        batch.Bytes.Slice(sample * one.Bytes.Length, one.Bytes.Length).CopyTo(one.Bytes);
        return one;
    }
}
