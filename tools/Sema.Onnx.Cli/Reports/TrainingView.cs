using Sema.Onnx.Training;
using Spectre.Console;

namespace Sema.Onnx.Cli.Reports;

/// <summary>Shows a run: a line after each epoch, and on a terminal a live line between them.</summary>
internal sealed class TrainingView : IProgress<TrainingProgress>
{
    private const int BarWidth = 16;

    /// <summary>The live line changes this often; a step may be much shorter.</summary>
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(100);

    /// <summary>The parts of the live line that a narrow terminal does without: learning rate, step, pace.</summary>
    private static readonly int[] Spare = [4, 1, 5];

    private readonly IAnsiConsole _console;
    private readonly ProgressTask? _live;
    private readonly TrainingLength _length;
    private readonly MeanOf _loss = new(), _accuracy = new();
    private DateTime _shown;

    private TrainingView(IAnsiConsole console, ProgressTask? live, TrainingLength length) => (_console, _live, _length) = (console, live, length);

    /// <summary>Runs something that reports its progress, and shows that.</summary>
    /// <param name="console">Where to.</param>
    /// <param name="length">How long the run is.</param>
    /// <param name="train">What to run.</param>
    internal static TrainingResult Run(IAnsiConsole console, TrainingLength length, Func<TrainingView, TrainingResult> train)
    {
        if (!console.Profile.Capabilities.Interactive)
            return train(new TrainingView(console, null, length));
        return console.Progress().AutoClear(true).HideCompleted(false)
            .Columns(new ProgressBarColumn { Width = BarWidth }, new TaskDescriptionColumn { Alignment = Justify.Left })
            .Start(context => train(new TrainingView(console, context.AddTask("starting", maxValue: 1), length)));
    }

    /// <inheritdoc/>
    public void Report(TrainingProgress value)
    {
        if (value.Evaluations is { } evaluations)
        {
            WriteLine(value.Position.Step == 0 ? StartLine(evaluations) : EpochLine(value, evaluations));
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

    /// <summary>Says that the run was asked to stop.</summary>
    internal void Stopping() => WriteLine("Stopping after this step; press Ctrl-C again to end at once.");

    private void ShowLive(TrainingProgress value)
    {
        _shown = DateTime.UtcNow;
        var at = value.Position;
        var inEpoch = at.Step - ((at.Epoch - 1) * _length.StepsPerEpoch);
        _live!.Value = (double)at.Step / at.Steps;
        _live.Description = Fitting(
        [
            $"epoch {at.Epoch}/{at.Epochs}",
            $"step {inEpoch}/{_length.StepsPerEpoch}",
            $"loss {Readable.Loss(_loss.Value)}",
            _accuracy.Any ? $"acc {Readable.Percent(_accuracy.Value, 1)}" : "",
            $"lr {Readable.Short(value.LearningRate)}",
            $"{Readable.Number(value.SamplesPerSecond)}/s",
            value.TimeLeft is { } left ? $"{Readable.Time(left)} left" : "",
        ]);
    }

    // A line that wraps could not be redrawn.
    private string Fitting(List<string> parts)
    {
        foreach (var spare in Spare.Where(_ => Joined().Length > _console.Profile.Width - BarWidth - 2))
            parts[spare] = "";
        return Joined();

        string Joined() => string.Join("  ", parts.Where(p => p.Length > 0));
    }

    // Blanks cover what stands there of the live line.
    private void WriteLine(string line) => _console.WriteLine(_live is null ? line : line.PadRight(_console.Profile.Width - 1));

    private static string StartLine(IReadOnlyDictionary<string, EvaluationResult> evaluations) => $"start      {Evaluations(evaluations)}";

    private string EpochLine(TrainingProgress value, IReadOnlyDictionary<string, EvaluationResult> evaluations)
    {
        var line = $"epoch {value.Position.Epoch}/{value.Position.Epochs}";
        if (value.Position.Step % _length.StepsPerEpoch != 0)
            line += $"  step {value.Position.Step}";
        if (_loss.Any)
            line += $"  loss {Readable.Loss(_loss.Value)}";
        if (_accuracy.Any)
            line += $"  acc {Readable.Percent(_accuracy.Value, 1)}";
        if (evaluations.Count > 0)
            line += $"  | {Evaluations(evaluations)}";
        line += $"  | {Readable.Number(value.SamplesPerSecond)} samples/s";
        return value.TimeLeft is { } left && value.Position.Step < value.Position.Steps ? line + $"  | {Readable.Time(left)} left" : line;
    }

    private static string Evaluations(IReadOnlyDictionary<string, EvaluationResult> evaluations) =>
        (evaluations.Values.Any(e => e.Accuracy is null) ? "eval loss " : "eval ") + string.Join("  ", evaluations.Select(e => $"{e.Key} {Readable.Judged(e.Value)}"));

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
