using Sema.Onnx.Data.Batches;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Training;

/// <summary>Runs weights over the training data in training mode, and pools the statistics of all batches.</summary>
/// <remarks>The batches are those of the first epoch, whatever the run's position, so the result depends on the weights alone.</remarks>
internal sealed class StatisticsPass : IDisposable
{
    private readonly Manifest _manifest;
    private readonly BatchLoader _loader;
    private readonly Session _session;
    private readonly Binding _binding;
    private readonly InputTensors _inputs;
    private readonly List<(BatchStatistics Of, HostTensor Mean, HostTensor Variance)> _outputs;

    /// <summary>Makes ready.</summary>
    /// <param name="folder">The folder of training graphs.</param>
    /// <param name="manifest">Its manifest.</param>
    /// <param name="settings">Where and how to run.</param>
    /// <param name="loader">The training data.</param>
    internal StatisticsPass(string folder, Manifest manifest, SessionSettings settings, BatchLoader loader)
    {
        (_manifest, _loader) = (manifest, loader);
        var training = ModelReader.Read(Path.Combine(folder, ArtifactFolder.Training));
        _session = new Session(StatisticsGraph.Cut(training, manifest.Statistics), settings);
        _binding = new Binding(_session);
        _inputs = new(manifest.Inputs);
        _inputs.Bind(_binding);
        _outputs = [.. manifest.Statistics.Select(s => (s, Output(s.Mean, s.BatchMean), Output(s.Variance, s.BatchVariance)))];

        HostTensor Output(string running, string output)
        {
            var tensor = new HostTensor(ElementType.Float32, [.. manifest.Layout.Parameters.First(p => p.Name == running).Shape]);
            _binding.BindOutput(output, tensor);
            return tensor;
        }
    }

    /// <summary>Gets the mean and the unbiased variance of everything that each layer saw, by the name of the running statistic.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    internal IReadOnlyDictionary<string, float[]> Run(Arena weights, CancellationToken cancellation)
    {
        Engine.BindParameters(_manifest, _binding, weights);
        PooledStatistics[] pooled = [.. _outputs.Select(o => new PooledStatistics(o.Mean.As<float>().Length, o.Of.Count))];
        foreach (var batch in _loader.Training(cancellation: cancellation).Take(_loader.TrainingBatches))
        {
            using (batch)
                _inputs.Fill(batch);
            _session.Run(_binding);
            foreach (var (pool, (_, mean, variance)) in pooled.Zip(_outputs))
                pool.Add(mean.As<float>(), variance.As<float>());
        }

        var statistics = new Dictionary<string, float[]>();
        foreach (var (pool, (of, _, _)) in pooled.Zip(_outputs))
            (statistics[of.Mean], statistics[of.Variance]) = (pool.Mean, pool.Variance);
        return statistics;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _binding.Dispose();
        _session.Dispose();
        _inputs.Dispose();
        foreach (var (_, mean, variance) in _outputs)
        {
            mean.Dispose();
            variance.Dispose();
        }
    }
}
