using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Training;

/// <summary>Moves the running statistics of batch normalisation towards each batch's.</summary>
/// <remarks>
/// running ← m·running + (1 − m)·batch, with the variance's unbiased estimate n/(n − 1)·var, as PyTorch and TensorFlow do. (ONNX's
/// own training mode takes the biased one.) Every batch counts, those of one optimizer step too; the weights see them with the step.
/// </remarks>
internal sealed class RunningStatistics
{
    private readonly Arena _weights;
    private readonly List<Statistic> _all = [];
    private bool _pending;

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
            _all.Add(new(parameter.Offset, batch, new float[parameter.Count], s.Momentum, scale));
        }
    }

    /// <summary>Takes in the batch that was just run.</summary>
    internal void Add()
    {
        foreach (var (offset, batch, running, momentum, scale) in _all)
        {
            if (!_pending)
                _weights.CopyTo<float>(running, offset);
            var now = batch.As<float>();
            for (var i = 0; i < running.Length; i++)
                running[i] = momentum * running[i] + (1 - momentum) * scale * now[i];
        }

        _pending = true;
    }

    /// <summary>Writes what the batches since the last step made of the statistics into the weights.</summary>
    internal void Commit()
    {
        foreach (var statistic in _all)
            _weights.CopyFrom<float>(statistic.Running, statistic.Offset);
        _pending = false;
    }

    /// <summary>Forgets the batches since the last step.</summary>
    internal void Discard() => _pending = false;

    private sealed record Statistic(long Offset, HostTensor Batch, float[] Running, float Momentum, float Scale);
}
