using Sema.Onnx.Training;
using Spectre.Console;

namespace Sema.Onnx.Cli.Reports;

/// <summary>Shows a run: a line after each epoch, and on a terminal a live line between them.</summary>
internal sealed class TrainingView : IProgress<TrainingProgress>
{
    /// <summary>The live line changes this often; a step may be much shorter.</summary>
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(100);

    private readonly IAnsiConsole _console;
    private readonly ProgressTask? _live;
    private readonly TrainingLength _length;
    private readonly MeanOf _loss = new(), _accuracy = new();
    private DateTime _shown;

    private TrainingView(IAnsiConsole console, ProgressTask? live, TrainingLength length) => (_console, _live, _length) = (console, live, length);

    /// <summary>Runs something that reports its progress, and shows that.</summary>
    internal static TrainingResult Run(IAnsiConsole console, TrainingLength length, Func<IProgress<TrainingProgress>, TrainingResult> train)
    {
        if (!console.Profile.Capabilities.Interactive)
            return train(new TrainingView(console, null, length));
        return console.Progress().AutoClear(true).HideCompleted(false)
            .Columns(new ProgressBarColumn { Width = 20 }, new TaskDescriptionColumn { Alignment = Justify.Left })
            .Start(context => train(new TrainingView(console, context.AddTask("", maxValue: 1), length)));
    }

    /// <inheritdoc/>
    public void Report(TrainingProgress value)
    {
        if (value.Evaluations is { } evaluations)
        {
            _console.WriteLine(value.Position.Step == 0 ? StartLine(evaluations) : EpochLine(value, evaluations));
            _loss.Clear();
            _accuracy.Clear();
            return;
        }

        _loss.Add(value.Loss);
        if (value.Accuracy is { } accuracy)
            _accuracy.Add(accuracy);
        if (_live is not null && DateTime.UtcNow - _shown >= Refresh)
            ShowLive(value);
    }

    private void ShowLive(TrainingProgress value)
    {
        _shown = DateTime.UtcNow;
        var at = value.Position;
        var inEpoch = at.Step - ((at.Epoch - 1) * _length.StepsPerEpoch);
        _live!.Value = (double)at.Step / at.Steps;
        _live.Description = $"epoch {at.Epoch}/{at.Epochs}  step {inEpoch}/{_length.StepsPerEpoch}  loss {Text.Loss(_loss.Value)}"
            + (_accuracy.Any ? $"  acc {Text.Percent(_accuracy.Value, 1)}" : "")
            + $"  lr {Text.Short(value.LearningRate)}  {Text.Number(value.SamplesPerSecond)}/s"
            + (value.TimeLeft is { } left ? $"  {Text.Time(left)} left" : "");
    }

    private static string StartLine(IReadOnlyDictionary<string, EvaluationResult> evaluations) => $"start      {Evaluations(evaluations)}";

    private string EpochLine(TrainingProgress value, IReadOnlyDictionary<string, EvaluationResult> evaluations)
    {
        var line = $"epoch {value.Position.Epoch}/{value.Position.Epochs}";
        if (_loss.Any)
            line += $"  loss {Text.Loss(_loss.Value)}";
        if (_accuracy.Any)
            line += $"  acc {Text.Percent(_accuracy.Value, 1)}";
        if (evaluations.Count > 0)
            line += $"  | {Evaluations(evaluations)}";
        line += $"  | {Text.Number(value.SamplesPerSecond)} samples/s";
        return value.TimeLeft is { } left && value.Position.Step < value.Position.Steps ? line + $"  | {Text.Time(left)} left" : line;
    }

    private static string Evaluations(IReadOnlyDictionary<string, EvaluationResult> evaluations) =>
        (evaluations.Values.Any(e => e.Accuracy is null) ? "eval loss " : "eval ") + string.Join("  ", evaluations.Select(e => $"{e.Key} {Text.Judged(e.Value)}"));

    /// <summary>The mean of what was added since it was cleared.</summary>
    private sealed class MeanOf
    {
        private double _sum;
        private long _count;

        internal bool Any => _count > 0;

        internal double Value => _sum / _count;

        internal void Add(double value) => (_sum, _count) = (_sum + value, _count + 1);

        internal void Clear() => (_sum, _count) = (0, 0);
    }
}
