using Sema.Onnx.Metrics;

namespace Sema.Onnx.Training;

/// <summary>Writes what a run measures to <c>metrics.jsonl</c> and to TensorBoard event files.</summary>
internal sealed class Measurements : IDisposable
{
    private readonly MetricsLog _log;
    private readonly TensorBoardWriter _events;

    internal Measurements(RunFolder run, long step)
    {
        // A run without a step done begins anew, with the evaluation before the first step.
        _log = File.Exists(run.Metrics) ? MetricsLog.Resume(run.Metrics, step > 0 ? step : -1) : MetricsLog.Create(run.Metrics);
        _events = new TensorBoardWriter(run.Path, step > 0 ? step : null);
    }

    internal void Step(RunPosition at, double epoch, double loss, double? accuracy, double rate, double norm, IReadOnlyList<double> decays)
    {
        var values = new Dictionary<string, double> { ["loss"] = loss, ["learning_rate"] = rate, ["gradient_norm"] = norm };
        if (accuracy is { } share)
            values["accuracy"] = share;
        for (var k = 0; k < decays.Count; k++)
            values[decays.Count == 1 ? "decay" : $"decay{k}"] = decays[k];
        Write(new(at.Step, epoch, "train", values));
    }

    internal void Evaluation(RunPosition at, double epoch, string weights, EvaluationResult result) => Write($"eval/{weights}", at.Step, epoch, result);

    /// <summary>The evaluation of an average at the run's end with batch-norm statistics computed anew.</summary>
    internal void Final(long step, double epoch, string weights, EvaluationResult result) => Write($"final/{weights}", step, epoch, result);

    private void Write(string split, long step, double epoch, EvaluationResult result)
    {
        var values = new Dictionary<string, double> { ["loss"] = result.Loss };
        foreach (var (name, value) in result.Measures)
            values[name] = value;
        Write(new(step, epoch, split, values));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _log.Dispose();
        _events.Dispose();
    }

    private void Write(MetricsEntry entry)
    {
        _log.Write(entry);
        _events.Write(entry);
    }
}
