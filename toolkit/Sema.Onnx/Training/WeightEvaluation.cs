using Sema.Onnx.Averaging;
using Sema.Onnx.Data.Batches;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Training;

/// <summary>Evaluates the trained weights of a run and each of its averages.</summary>
internal sealed class WeightEvaluation : IDisposable
{
    /// <summary>The name of the trained weights.</summary>
    internal const string Online = "online";

    private readonly Engine _engine;
    private readonly AveragingStrategy _averaging;
    private readonly bool _copies;
    private readonly Session _session;
    private readonly Evaluator _evaluator;
    private readonly BatchLoader _loader;
    private readonly AverageWeights _averages;

    internal WeightEvaluation(Engine engine, BatchLoader loader, TrainerOptions options)
    {
        (_engine, _loader, _averaging, _averages) = (engine, loader, options.AllAveraging, new(engine, options.AllAveraging));
        _copies = options.AverageStatistics == AverageStatistics.Copy;
        var manifest = engine.Manifest;
        _session = new Session(Path.Combine(engine.Folder, ArtifactFolder.Eval), engine.Settings);
        _evaluator = new Evaluator(_session, manifest.Inputs, manifest.Target, manifest.Prediction, manifest.ClassAxis, options.Loss, options.TopK);
    }

    /// <summary>Evaluates the trained weights alone.</summary>
    internal EvaluationResult EvaluateOnline(CancellationToken cancellation) => Evaluate(_engine.Weights, null, cancellation);

    /// <summary>Evaluates everything, by the name of the weights.</summary>
    /// <param name="at">Where the run stands.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    /// <param name="recomputed">Batch-norm statistics in place of an average's own, by its name and theirs.</param>
    internal IReadOnlyDictionary<string, EvaluationResult> Evaluate(
        TrainingPosition at, CancellationToken cancellation, IReadOnlyDictionary<string, IReadOnlyDictionary<string, float[]>>? recomputed = null)
    {
        var results = new Dictionary<string, EvaluationResult> { [Online] = EvaluateOnline(cancellation) };
        foreach (var (k, name) in _averaging.Averages.Index())
            results[name] = Evaluate(_averages.Of(k, at), Statistics(recomputed?[name]), cancellation);
        return results;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _evaluator.Dispose();
        _session.Dispose();
        _averages.Dispose();
    }

    private EvaluationResult Evaluate(Arena weights, Func<Parameter, DeviceTensor>? statistics, CancellationToken cancellation)
    {
        Engine.BindParameters(_engine.Manifest, _evaluator.Binding, weights, statistics);
        return _evaluator.Evaluate(_loader, cancellation);
    }

    // Where an average's batch-norm statistics come from, if not from itself.
    private Func<Parameter, DeviceTensor>? Statistics(IReadOnlyDictionary<string, float[]>? recomputed) =>
        recomputed is not null ? p => HostTensor.Of<float>(recomputed[p.Name], [.. p.Shape])
        : _copies ? p => _engine.Weights.Slice(p.Offset, [.. p.Shape])
        : null;
}
