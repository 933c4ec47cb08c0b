using System.Runtime.InteropServices;
using Sema.Onnx.Data.Batches;

namespace Sema.Onnx.Training;

/// <summary>The model of <see cref="TinyModels.Mlp"/> in float64, its gradients written out by hand.</summary>
internal sealed class MlpReference
{
    private const int Hidden = 5, Features = TinyModels.Features, Classes = TinyModels.Classes;

    internal Dictionary<string, double[]> Weights { get; } =
        TinyModels.Mlp().Graph.Initializers.ToDictionary(v => v.Name, v => v.Initializer!.ToFloat64());

    /// <summary>The mean cross-entropy of some samples, and its gradient by each weight.</summary>
    internal static (double Loss, Dictionary<string, double[]> Gradients) At(Dictionary<string, double[]> w, Samples data, IReadOnlyList<int> samples)
    {
        var (loss, g) = (0.0, w.ToDictionary(p => p.Key, p => new double[p.Value.Length]));
        foreach (var sample in samples)
        {
            var x = MemoryMarshal.Cast<byte, float>(data.InputOf(sample)).ToArray();
            double[] h = [.. Enumerable.Range(0, Hidden).Select(j => Math.Tanh(w["b1"][j] + Enumerable.Range(0, Features).Sum(i => x[i] * w["w1"][j * Features + i])))];
            double[] y = [.. Enumerable.Range(0, Classes).Select(c => w["b2"][c] + Enumerable.Range(0, Hidden).Sum(j => h[j] * w["w2"][j * Classes + c]))];
            var sum = y.Sum(Math.Exp);
            loss += (Math.Log(sum) - y[data[sample]]) / samples.Count;
            double[] dy = [.. y.Select((v, c) => (Math.Exp(v) / sum - (c == data[sample] ? 1 : 0)) / samples.Count)];
            for (var c = 0; c < Classes; c++)
                g["b2"][c] += dy[c];
            for (var j = 0; j < Hidden; j++)
            {
                var dh = 0.0;
                for (var c = 0; c < Classes; c++)
                {
                    g["w2"][j * Classes + c] += h[j] * dy[c];
                    dh += w["w2"][j * Classes + c] * dy[c];
                }

                g["b1"][j] += dh * (1 - h[j] * h[j]);
                for (var i = 0; i < Features; i++)
                    g["w1"][j * Features + i] += x[i] * dh * (1 - h[j] * h[j]);
            }
        }

        return (loss, g);
    }

    /// <summary>The samples of each batch of a run, in its order.</summary>
    internal static IEnumerable<int[]> Batches(int count, int size)
    {
        var order = new TrainingOrder(count, size, 0);
        for (var epoch = 0; ; epoch++)
        {
            for (var batch = 0; batch < order.BatchesPerEpoch; batch++)
                yield return order.Samples(epoch, batch).ToArray();
        }
    }

    /// <summary>Compares the weights of a run: the largest difference by the largest weight.</summary>
    internal void AssertEqual(TrainingRun run, double tolerance)
    {
        foreach (var (name, expected) in Weights.Where(w => run.Tensors().ContainsKey($"weights/{w.Key}")))
        {
            var error = expected.Zip(run.Tensor($"weights/{name}")).Max(p => Math.Abs(p.First - p.Second)) / expected.Max(Math.Abs);
            Assert.IsLessThan(tolerance, error, name);
        }
    }
}
