using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Artifacts;

/// <summary>Shows by running that a model whose batch axis was lifted gives each sample the result it had alone.</summary>
internal static class BatchLiftProof
{
    private const int Samples = 3;

    /// <summary>How far results may differ, relative to the largest: the runtime may sum in another order for a batch.</summary>
    private const double Tolerance = 1e-4;

    // Weights laid out anew for a few samples would take the model's size once more.
    private static readonly SessionSettings Settings = new() { Prepacking = false };

    /// <exception cref="InvalidModelException">The results differ, or the lifted model does not run.</exception>
    /// <exception cref="RuntimeException">The original does not load.</exception>
    /// <param name="original">The model's file.</param>
    /// <param name="lifted">The model with its batch axis lifted.</param>
    /// <param name="batched">Its inputs that take a batch of samples; the others are the same for all.</param>
    internal static void Check(string original, Model lifted, IReadOnlyCollection<Value> batched)
    {
        var random = new Random(1);
        var names = batched.Select(v => v.Name).ToHashSet();
        var batch = Composer.Inputs(lifted.Graph).ToDictionary(v => v.Name, v => Draw(v, names.Contains(v.Name), random));

        // One after the other: of a large model, one session is enough at a time. What does not even load as it is fails with the runtime's own sentence.
        List<Dictionary<string, HostTensor>> alone;
        using (var session = OldOpset.Load(original, ModelReader.Read(original), Settings, out _))
        {
            alone = OrRefused(() => Enumerable.Range(0, Samples)
                .Select(sample => ModelRunner.Run(session, batch.ToDictionary(b => b.Key, b => names.Contains(b.Key) ? Take(b.Value, sample) : b.Value))).ToList());
        }

        var together = OrRefused(() =>
        {
            using var session = new Session(lifted, Settings);
            return ModelRunner.Run(session, batch);
        });
        foreach (var (sample, results) in alone.Index())
        {
            foreach (var (name, result) in results)
                Compare(name, result, together[name], sample);
        }
    }

    private static T OrRefused<T>(Func<T> run)
    {
        try
        {
            return run();
        }
        catch (RuntimeException e)
        {
            throw Refused(e.Message.TrimEnd('.'), e);
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
        $"The model has a batch size of 1 baked in, and it cannot be lifted: {reason}. Export it with a symbolic batch axis, or train with batches of 1 (--batch-size 1).", inner);

    private static HostTensor Draw(Value input, bool batched, Random random)
    {
        long[] shape = [.. (input.Shape ?? new()).Select(d => d.IsKnown ? d.Size : 8)];
        if (batched)
            shape[0] = Samples;
        var tensor = new HostTensor(input.Type, shape);
        if (input.Type.IsFloat())
        {
            float[] values = [.. Enumerable.Range(0, tensor.Bytes.Length / input.Type.Size()).Select(_ => random.NextSingle())];
            FloatBytes.Encode(input.Type, values).CopyTo(tensor.Bytes);
        }
        else
        {
            for (var i = 0; i < tensor.Bytes.Length; i += input.Type.Size())
                tensor.Bytes[i] = (byte)random.Next(2); // little-endian 0 or 1, which every vocabulary knows
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
