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
    private readonly Session _session;
    private readonly Evaluator _evaluator;
    private readonly BatchLoader _loader;
    private readonly Lazy<Arena> _sum;

    internal WeightEvaluation(Engine engine, BatchLoader loader, TrainerOptions options)
    {
        (_engine, _loader, _averaging) = (engine, loader, options.Averaging);
        var manifest = engine.Manifest;
        _session = new Session(Path.Combine(engine.Folder, ArtifactFolder.Eval), engine.Settings);
        _evaluator = new Evaluator(_session, manifest.Inputs, manifest.Target, manifest.Prediction, manifest.ClassAxis, options.Loss, options.TopK);
        _sum = new(() => new Arena(engine.Settings.Device, engine.Weights.Length));
    }

    /// <summary>Evaluates the trained weights alone.</summary>
    internal EvaluationResult EvaluateOnline(CancellationToken cancellation) => Evaluate(_engine.Weights, cancellation);

    /// <summary>Evaluates everything, by the name of the weights.</summary>
    /// <param name="at">Where the run stands.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    internal IReadOnlyDictionary<string, EvaluationResult> Evaluate(TrainingPosition at, CancellationToken cancellation)
    {
        var results = new Dictionary<string, EvaluationResult> { [Online] = EvaluateOnline(cancellation) };
        foreach (var (k, name) in _averaging.Averages.Index())
            results[name] = Evaluate(Average(k, at), cancellation);
        return results;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _evaluator.Dispose();
        _session.Dispose();
        if (_sum.IsValueCreated)
            _sum.Value.Dispose();
    }

    private EvaluationResult Evaluate(Arena weights, CancellationToken cancellation)
    {
        _engine.BindParameters(_evaluator.Binding, weights);
        return _evaluator.Evaluate(_loader, cancellation);
    }

    // The shadow itself where the average is one.
    private Arena Average(int k, TrainingPosition at)
    {
        var portions = _averaging.Mixture(k, at);
        if (portions is [{ Share: 1, Shadow: var only }])
            return _engine.Shadows[only];
        Mixtures.Add(portions, _engine.Shadows, _sum.Value);
        return _sum.Value;
    }
}
