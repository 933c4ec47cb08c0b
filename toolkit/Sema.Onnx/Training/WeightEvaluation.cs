using Sema.Onnx.Data.Batches;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Training;

/// <summary>Evaluates the trained weights of a run and each of its averages.</summary>
internal sealed class WeightEvaluation : IDisposable
{
    /// <summary>The name of the trained weights.</summary>
    internal const string Online = "online";

    private readonly Session _session;
    private readonly List<(string Name, Evaluator Evaluator)> _all = [];
    private readonly BatchLoader _loader;

    internal WeightEvaluation(Engine engine, BatchLoader loader, TrainerOptions options)
    {
        _loader = loader;
        _session = new Session(Path.Combine(engine.Folder, ArtifactFolder.Eval), engine.Settings);
        Add(Online, engine.Weights);
        foreach (var (name, average) in options.Averaging.Averages.Zip(engine.Averages))
            Add(name, average);

        void Add(string name, Arena weights)
        {
            var manifest = engine.Manifest;
            var evaluator = new Evaluator(_session, manifest.Inputs, manifest.Target, manifest.Prediction, manifest.ClassAxis, options.Loss);
            engine.BindParameters(evaluator.Binding, weights);
            _all.Add((name, evaluator));
        }
    }

    /// <summary>Evaluates the trained weights alone.</summary>
    internal EvaluationResult EvaluateOnline(CancellationToken cancellation) => _all[0].Evaluator.Evaluate(_loader, cancellation);

    /// <summary>Evaluates everything, by the name of the weights.</summary>
    internal IReadOnlyDictionary<string, EvaluationResult> Evaluate(CancellationToken cancellation) =>
        _all.ToDictionary(e => e.Name, e => e.Evaluator.Evaluate(_loader, cancellation));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, evaluator) in _all)
            evaluator.Dispose();
        _session.Dispose();
    }
}
