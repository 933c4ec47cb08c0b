using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Sema.Onnx.Artifacts;
using Sema.Onnx.Checkpoints;
using Sema.Onnx.Data;
using Sema.Onnx.Data.Batches;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Losses;

namespace Sema.Onnx.Training;

/// <summary>Fine-tunes a model in a folder of its own: training graphs, checkpoints and metrics stand there.</summary>
/// <example>See the README.</example>
public sealed class Trainer : IDisposable
{
    /// <summary>What a checkpoint says where averages take the trained weights' batch-norm statistics.</summary>
    internal const string Copied = "copy";

    private readonly RunFolder _run;
    private readonly TrainerOptions _options;
    private readonly BatchLoader _training;
    private readonly BatchLoader? _evaluation;
    private readonly Engine _engine;
    private readonly RunStore _store;
    private readonly RunState _state;

    private Trainer(RunFolder run, string model, DataSplit data, TrainerOptions options, ILogger? logger, bool resume)
    {
        (_run, _options, logger) = (run, options, logger ?? NullLogger.Instance);
        var forms = RunData.For(model, data.Train, options.Pixels, options.Loss);
        _training = forms.Training(data.Train, options);
        _evaluation = data.Test is { } test ? forms.Evaluation(test, options.BatchSize) : null;
        if (_training.TrainingBatches < options.Accumulate)
        {
            throw new DataException(
                $"The {data.Train.Count} training samples do not fill one step of {options.Accumulate} × {options.BatchSize}; lower --batch-size or --accumulate.");
        }

        if (_evaluation is null && options.Patience is { } patience)
            throw new DataException($"A patience of {patience} epochs needs data to evaluate on: give a test part (--eval-data), or leave the patience out.");
        // A run that was killed before its training graphs stood makes them now.
        var fresh = !Directory.Exists(run.Artifacts);
        if (fresh)
        {
            run.Clean();
            var layout = ArtifactBuilder.Build(model, run.Artifacts, options.Composition, forms.InputShapes(options.BatchSize), forms.TargetShape(options.BatchSize));
            Log.Composed(logger, model, layout.Parameters.Count, layout.Length);
        }

        _engine = Engine.Open(run.Artifacts, options.Optimizer, options.Session, options.AllAveraging.ShadowWeights, fresh);
        _store = new(run, _engine, options, Length, Identity(data.Train), logger);
        try
        {
            if (options.LabelNoise > 0)
                _training = forms.Training(data.Train, options, Noise(_engine.Manifest));
            if (!resume && _engine.Manifest.ClassAxis is >= 0 and var axis)
            {
                var (classes, ignore) = (_engine.Manifest.Prediction.Shape[axis], (options.Loss as CrossEntropyLoss)?.IgnoreIndex);
                forms.CheckLabels(data.Train, classes, ignore, "training");
                if (data.Test is not null)
                    forms.CheckLabels(data.Test, classes, ignore, "evaluation");
            }

            _state = resume ? _store.Resume() : new RunState();
            if (!_engine.Manifest.Slots.SequenceEqual(options.Optimizer.Slots))
                throw new InvalidModelException($"The manifest of '{run.Artifacts}' lists other state vectors than the optimizer has; make the training graphs anew.");
        }
        catch
        {
            _engine.Dispose();
            throw;
        }
    }

    /// <summary>Gets the run's folder.</summary>
    public RunFolder Run => _run;

    /// <summary>Gets how long the run is.</summary>
    public TrainingLength Length
    {
        get
        {
            var perEpoch = _training.TrainingBatches / _options.Accumulate;
            return new(_options.Steps ?? ((long)perEpoch * _options.Epochs), perEpoch);
        }
    }

    /// <summary>Begins a run: differentiates the model and writes its training graphs.</summary>
    /// <param name="model">The .onnx file.</param>
    /// <param name="folder">The run's folder; it must not exist, or hold nothing but the caller's settings.</param>
    /// <param name="data">What to train on, and to evaluate on if there is a test part.</param>
    /// <param name="options">How.</param>
    /// <param name="logger">Where to log, if anywhere.</param>
    /// <exception cref="Graphs.InvalidModelException">The model is malformed or cannot be trained as asked.</exception>
    /// <exception cref="Graphs.Autodiff.GradientNotDefinedException">An operator between a weight and the loss has no gradient rule.</exception>
    /// <exception cref="DataException">The data do not fit the model.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range.</exception>
    /// <exception cref="ArgumentException">Optimizer and averaging do not go together.</exception>
    /// <exception cref="IOException">The folder is not empty, or cannot be written.</exception>
    public static Trainer Start(string model, string folder, DataSplit data, TrainerOptions options, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var run = new RunFolder(folder);
        run.CheckFree();
        var info = RunInfo.Of(model, options);
        var fresh = !Directory.Exists(folder);
        Directory.CreateDirectory(folder);
        try
        {
            run.Write(info);
            return new Trainer(run, model, data, options, logger, resume: false);
        }
        catch
        {
            File.Delete(run.Info);
            if (Directory.Exists(run.Artifacts))
                Directory.Delete(run.Artifacts, recursive: true);
            if (fresh)
                Directory.Delete(folder, recursive: true);
            throw;
        }
    }

    /// <summary>Goes on with a run from its last checkpoint, with the options and data that it began with.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="data">The same data.</param>
    /// <param name="options">The same options; epochs, steps and where to run may differ.</param>
    /// <param name="logger">Where to log, if anywhere.</param>
    /// <exception cref="CheckpointException">The checkpoint is damaged, or of a run with other options.</exception>
    /// <exception cref="IOException">The folder holds no run.</exception>
    public static Trainer Resume(string folder, DataSplit data, TrainerOptions options, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var run = new RunFolder(folder);
        var info = run.Read();
        info.CheckModel();
        return new Trainer(run, info.Model, data, options, logger, resume: true);
    }

    /// <summary>Trains to the end of the run.</summary>
    /// <param name="progress">Told after each step and each evaluation.</param>
    /// <param name="cancellation">Ends the run after the step under way; a checkpoint is written, and <see cref="Resume"/> goes on from it.</param>
    /// <exception cref="TrainingDivergedException">The loss or the gradient is no number.</exception>
    /// <exception cref="DataException">A batch holds what the loss cannot take.</exception>
    public TrainingResult Train(IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var evaluation = _evaluation is null ? null : new WeightEvaluation(_engine, _evaluation, _options);
        using var measurements = new Measurements(_run, _state.Step);
        using var loop = new TrainingLoop(_engine, _options, Length, _training, _state, _store)
        {
            Evaluation = evaluation,
            Measurements = measurements,
            Progress = progress,
            Final = !HasAverageStatistics || _options.AverageStatistics != AverageStatistics.Recompute ? null : new FinalStatistics
            {
                Engine = _engine,
                State = _state,
                Options = _options,
                Length = Length,
                Loader = _training,
                Store = _store,
                Evaluation = evaluation,
                Measurements = measurements,
            },
        };
        return loop.Run(cancellation);
    }

    /// <inheritdoc/>
    public void Dispose() => _engine.Dispose();

    private bool HasAverageStatistics => _engine.Manifest.Statistics.Count > 0 && _options.AllAveraging.Averages.Count > 0;

    // What the bits of a run depend on, besides where it stands.
    private JsonObject Identity(IDataset train) => new()
    {
        ["training_graphs"] = string.Concat(_engine.Manifest.Digests.OrderBy(d => d.Key, StringComparer.Ordinal).Select(d => d.Value[..16])),
        ["loss"] = _options.Loss.ToString(),
        ["output"] = _options.Output,
        ["classes"] = _options.Classes,
        ["freeze"] = string.Join(' ', _options.Freeze),
        ["train"] = string.Join(' ', _options.Train),
        ["batch_normalization"] = _options.BatchNormalization.ToString(),
        ["optimizer"] = _options.Optimizer.ToString(),
        ["sharpness"] = _options.Sharpness?.ToString(),
        ["decay_vectors"] = _options.DecayVectors,
        ["groups"] = string.Join("; ", _options.Groups),
        ["layer_decay"] = _options.LayerDecay?.ToString(),
        ["clip_norm"] = _options.ClipNorm,
        ["seed"] = _options.Seed,
        ["batch_size"] = _options.BatchSize,
        ["accumulate"] = _options.Accumulate,
        ["augmentation"] = _options.Augmentation.ToString(),
        ["pixels"] = Pixels(_options.Pixels),
        ["averaging"] = _options.Averaging.ToString(),
        ["training_samples"] = train.Count,
        ["average_statistics"] = HasAverageStatistics && _options.AverageStatistics == AverageStatistics.Copy ? Copied : null,
        ["label_noise"] = _options.LabelNoise > 0 ? _options.LabelNoise : null,
        ["target_accuracy"] = _options.TargetAccuracy,
        ["constant_inputs"] = string.Join(' ', train.Constants.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => FormattableString.Invariant($"{c.Key}={c.Value:R}"))),
    };

    private LabelNoise Noise(Manifest manifest)
    {
        var classes = manifest.ClassAxis < 0 ? 0 : manifest.Prediction.Shape[manifest.ClassAxis];
        return classes >= 2
            ? new(_options.LabelNoise, (int)classes, (ulong)_options.Seed, (_options.Loss as CrossEntropyLoss)?.IgnoreIndex)
            : throw new DataException("Label noise (--label-noise) replaces classes by other classes, and the targets here are none, or of one class; leave it out.");
    }

    private static string Pixels(PixelOptions p) => FormattableString.Invariant(
        $"scale {p.Scale}, mean {string.Join(' ', p.Mean)}, std {string.Join(' ', p.Std)}, {p.Channels}, resize {p.Resize}, {p.Layout}");
}
