using System.Diagnostics;
using System.Runtime.InteropServices;
using Sema.Onnx.Averaging;
using Sema.Onnx.Data.Batches;
using Sema.Onnx.Graphs.Losses;
using Sema.Onnx.Metrics;
using Sema.Onnx.Schedules;

namespace Sema.Onnx.Training;

/// <summary>The loop of a run: gradients, update, averages, switch; at each epoch's end evaluation and checkpoint.</summary>
internal sealed class TrainingLoop : IDisposable
{
    private const double ClipEpsilon = 1e-6;   // PyTorch's clip_grad_norm_

    private readonly Engine _engine;
    private readonly TrainerOptions _options;
    private readonly TrainingLength _length;
    private readonly BatchLoader _loader;
    private readonly RunState _state;
    private readonly RunStore _store;
    private readonly LearningRateSchedule _schedule;
    private readonly StepScalars _scalars;
    private readonly SharpnessPass? _sharpness;
    private readonly AveragingStrategy _averaging;
    private readonly Throughput _pace = new();
    private readonly Stopwatch _total = new(), _gradients = new(), _update = new(), _data = new();
    private readonly long? _ignore;
    private readonly long _epochs;

    internal TrainingLoop(Engine engine, TrainerOptions options, TrainingLength length, BatchLoader loader, RunState state, RunStore store)
    {
        (_engine, _options, _length, _loader, _state, _store) = (engine, options, length, loader, state, store);
        (_schedule, _averaging) = (options.Schedule(length), options.AllAveraging);
        _scalars = new(options.Optimizer, step => _schedule.Rate(_state.OptimizerStart + step - 1));
        _sharpness = options.Sharpness is { } sharpness ? new(engine, sharpness) : null;
        _ignore = (options.Loss as CrossEntropyLoss)?.IgnoreIndex;
        _epochs = (length.Steps + length.StepsPerEpoch - 1) / length.StepsPerEpoch;
    }

    internal WeightEvaluation? Evaluation { get; init; }

    internal required Measurements Measurements { get; init; }

    internal IProgress<TrainingProgress>? Progress { get; init; }

    /// <summary>Gets what the run's end gives the averages, where their batch-norm statistics are computed anew.</summary>
    internal FinalStatistics? Final { get; init; }

    internal TrainingResult Run(CancellationToken cancellation)
    {
        IReadOnlyDictionary<string, EvaluationResult> last = new Dictionary<string, EvaluationResult>();
        var report = new TrainingProgress(At(_state.Step), double.NaN, null, 0, 0, 0, null, null);
        _engine.Discard();
        try
        {
            EvaluateStart(report, cancellation);
            using var batches = _loader.Training(
                (int)(_state.Step / _length.StepsPerEpoch), (int)(_state.Step % _length.StepsPerEpoch) * _options.Accumulate, cancellation).GetEnumerator();
            while (true)
            {
                if (EvaluationIsDue)
                {
                    last = Evaluate(report.Position, cancellation);
                    _store.Save(_state);
                    Progress?.Report(report with { Evaluations = last });
                }

                if (_state.Step >= _length.Steps || PatienceIsOver)
                {
                    // A run that is resumed at its end has no evaluation in hand.
                    if (Final is not null)
                        last = Final.Finish(cancellation);
                    else if (last.Count == 0 && Evaluation is not null)
                        last = Evaluation.Evaluate(_length.After(_state.Step), cancellation);
                    return Result(At(_state.Step), PatienceIsOver && _state.Step < _length.Steps ? RunEnd.StoppedEarly : RunEnd.Completed, last);
                }

                cancellation.ThrowIfCancellationRequested();
                report = Step(batches);
                if (!EvaluationIsDue && (EndsEpoch(_state.Step) || (_options.SaveEvery is { } every && _state.Step % every == 0)))
                    _store.Save(_state);
                Progress?.Report(report);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Between two steps the state is whole, so it can be saved.
            if (_state.Step > 0)
                _store.Save(_state);
            return Result(At(_state.Step), RunEnd.Interrupted, last);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _scalars.Dispose();
        _sharpness?.Dispose();
    }

    private bool EvaluationIsDue => _state.Step > _state.EvaluatedStep && (_state.Step == _length.Steps
        || _length.After(_state.Step).Done(_options.EvaluateUnit) % _options.EvaluateEvery == 0);

    private bool PatienceIsOver => _options.Patience is { } patience && _state.Best is not null && EndsEpoch(_state.Step)
        && At(_state.Step).Epoch - _state.BestEpoch >= patience;

    private void EvaluateStart(TrainingProgress report, CancellationToken cancellation)
    {
        if (_state.Step > 0 || Evaluation is null)
            return;
        _state.Start = Evaluation.EvaluateOnline(cancellation);
        Measurements.Evaluation(report.Position, 0, WeightEvaluation.Online, _state.Start);

        // All averages begin as copies of the weights.
        foreach (var weights in _averaging.Averages.Prepend(WeightEvaluation.Online))
            NoteTarget(weights, _state.Start, 0);
        Progress?.Report(report with { Evaluations = new Dictionary<string, EvaluationResult> { [WeightEvaluation.Online] = _state.Start } });
    }

    private bool EndsEpoch(long step) => step % _length.StepsPerEpoch == 0;

    private RunPosition At(long step) => new(step, _length.Steps, (step + _length.StepsPerEpoch - 1) / _length.StepsPerEpoch, _epochs);

    private TrainingResult Result(RunPosition at, RunEnd end, IReadOnlyDictionary<string, EvaluationResult> last) =>
        new(at, end, _state.Start, last, _state.BestRecomputed ?? _state.Best, _state.BestEpoch, new(_gradients.Elapsed, _update.Elapsed, _data.Elapsed, _total.Elapsed)) { Reached = _state.Reached };

    // One optimizer step: gradients over the accumulated batches, clipping, update, switch.
    private TrainingProgress Step(IEnumerator<Batch> batches)
    {
        _total.Start();
        var (step, loss, norm) = (_state.Step + 1, 0.0, 0.0);
        double? accuracy = null;
        for (var i = 0; i < _options.Accumulate; i++)
        {
            Timed(_data, () => Next(batches, step));
            var result = default(StepResult);
            Timed(_gradients, () =>
            {
                _sharpness?.Begin();
                result = _engine.ComputeGradients();
            });
            loss += result.Loss / _options.Accumulate;
            accuracy = TrainingAccuracy();
            if (_sharpness is not null)
                Timed(_gradients, () => result = _sharpness.ComputeGradients(result.GradientNorm));
            norm = result.GradientNorm / _options.Accumulate;
        }

        if (!double.IsFinite(loss) || !double.IsFinite(norm))
            throw new TrainingDivergedException(step, loss, norm);
        var at = At(step);
        var position = _length.After(step);
        var rate = _schedule.Rate(step - 1);
        var since = step - _state.OptimizerStart;
        double[] decays = [.. _averaging.ShadowWeights.Select((_, k) => _averaging.Decay(k, position))];
        Timed(_update, () =>
        {
            _engine.Update(new(since, rate, ClippingFactor(norm) / _options.Accumulate, decays, _scalars.At(since)));
            if (_averaging.SwitchAfter(position) is not { } decision)
                return;
            _engine.Switch(decision, keepStatistics: _options.AverageStatistics == AverageStatistics.Copy);
            if (decision.ClearOptimizer)
                _state.OptimizerStart = step;
        });
        (_state.Step, _state.Recomputed) = (step, null);
        if (_averaging.RecordAfter(position))
            _store.Record(step);
        _pace.Add(_options.BatchSize * _options.Accumulate);
        Measurements.Step(at, (double)step / _length.StepsPerEpoch, loss, accuracy, rate, norm, decays);
        _total.Stop();
        return new(at, loss, accuracy, rate, norm, _pace.SamplesPerSecond,
            _pace.TimeLeft((_length.Steps - step) * _options.BatchSize * _options.Accumulate), null);
    }

    private double ClippingFactor(double norm) => _options.ClipNorm is { } most ? Math.Min(1, most / (norm + ClipEpsilon)) : 1;

    // Copies the next batch in; batches at an epoch's end that do not fill a step are passed over.
    private void Next(IEnumerator<Batch> batches, long step)
    {
        var epoch = (step - 1) / _length.StepsPerEpoch;
        do
        {
            if (!batches.MoveNext())
                throw new InvalidOperationException("The batches ended before the run.");
            using var batch = batches.Current;
            if (batch.Epoch != epoch)
                continue;
            _engine.Inputs.Fill(batch);
            batch.Target.Span.CopyTo(_engine.Target);
            if (_engine.Manifest.ClassAxis >= 0)
                ClassLabels.Check(Labels, Classes, _ignore, "training");
            return;
        }
        while (true);
    }

    private ReadOnlySpan<long> Labels => MemoryMarshal.Cast<byte, long>(_engine.Target);

    private long Classes => _engine.Manifest.Prediction.Shape[_engine.Manifest.ClassAxis];

    private double? TrainingAccuracy()
    {
        if (_engine.Logits.IsEmpty)
            return null;
        var metrics = new ClassificationMetrics();
        metrics.AddPredictions(_engine.Logits, [.. _engine.Manifest.Prediction.Shape.Select(s => (int)s)], _engine.Manifest.ClassAxis, Labels, _options.BatchSize, _ignore);
        return metrics.Accuracy;
    }

    // All weights are evaluated; the strategy's own, the first average if there is one, decide which epoch is the best.
    private IReadOnlyDictionary<string, EvaluationResult> Evaluate(RunPosition at, CancellationToken cancellation)
    {
        var results = Evaluation?.Evaluate(_length.After(at.Step), cancellation);
        _state.EvaluatedStep = at.Step;
        if (results is null)
            return new Dictionary<string, EvaluationResult>();
        foreach (var (weights, result) in results)
        {
            Measurements.Evaluation(at, (double)at.Step / _length.StepsPerEpoch, weights, result);
            NoteTarget(weights, result, at.Step);
        }

        var judged = results[_averaging.Averages.Count > 0 ? _averaging.Averages[0] : WeightEvaluation.Online];
        if (judged.IsBetterThan(_state.Best))
        {
            (_state.Best, _state.BestEpoch, _state.BestStep, _state.BestRecomputed) = (judged, at.Epoch, at.Step, null);
            _store.SaveBest(_state);
        }

        _pace.Restart();
        return results;
    }

    private void NoteTarget(string weights, EvaluationResult result, long step)
    {
        if (result.Accuracy >= _options.TargetAccuracy)
            _state.Reached.TryAdd(weights, step);
    }

    private static void Timed(Stopwatch watch, Action action)
    {
        watch.Start();
        action();
        watch.Stop();
    }
}
