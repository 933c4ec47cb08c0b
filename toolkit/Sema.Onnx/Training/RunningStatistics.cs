using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Training;

/// <summary>Moves the running statistics of batch normalisation towards each batch's.</summary>
/// <remarks>
/// running ← m·running + (1 − m)·batch, with the variance's unbiased estimate n/(n − 1)·var, as PyTorch and TensorFlow do. (ONNX's
/// own training mode takes the biased one.)
/// </remarks>
internal sealed class RunningStatistics
{
    private readonly Arena _weights;
    private readonly List<(long Offset, HostTensor Batch, float Momentum, float Scale)> _all = [];

    internal RunningStatistics(Manifest manifest, Arena weights, Binding training)
    {
        _weights = weights;
        foreach (var s in manifest.Statistics)
        {
            Add(s.Mean, s.BatchMean, s, 1);
            Add(s.Variance, s.BatchVariance, s, s.Count > 1 ? (float)s.Count / (s.Count - 1) : 1);
        }

        void Add(string running, string output, BatchStatistics s, float scale)
        {
            var parameter = manifest.Layout.Parameters.First(p => p.Name == running);
            var batch = new HostTensor(ElementType.Float32, [.. parameter.Shape]);
            training.BindOutput(output, batch);
            _all.Add((parameter.Offset, batch, s.Momentum, scale));
        }
    }

    internal void Update()
    {
        foreach (var (offset, batch, momentum, scale) in _all)
        {
            var now = batch.As<float>();
            var running = new float[now.Length];
            _weights.CopyTo<float>(running, offset);
            for (var i = 0; i < running.Length; i++)
                running[i] = momentum * running[i] + (1 - momentum) * scale * now[i];
            _weights.CopyFrom<float>(running, offset);
        }
    }
}
