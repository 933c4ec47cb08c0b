using System.CommandLine;
using System.Diagnostics;
using Sema.Onnx.Averaging;
using Sema.Onnx.Cli.Demo;
using Sema.Onnx.Cli.Options;
using Sema.Onnx.Cli.Reports;
using Sema.Onnx.Export;
using Sema.Onnx.Schedules;
using Sema.Onnx.Training;
using Spectre.Console;

namespace Sema.Onnx.Cli.Commands;

/// <summary>The main job on a sample model and real data, from nothing.</summary>
internal sealed class DemoCommand : SemaCommand
{
    private const int TrainingSamples = 6400, TestSamples = 2000, Epochs = 3, BatchSize = 32;
    private const string Exported = "sema";
    private const double Rate = 1e-3, Decay = 0.99;

    private readonly DemoOptions _options;

    internal DemoCommand()
        : base("demo", "Fine-tune a sample model three ways, compare, and export one, in about a minute.") => _options = Add(new DemoOptions());

    /// <inheritdoc/>
    internal override string About =>
        "Fine-tunes a small digit classifier on real data without averaging, with EMA and with Switch EMA, shows the test accuracy of each, and exports the Switch EMA "
        + "weights. One short run with one seed: it shows how the tool works, not which strategy is better.";

    /// <inheritdoc/>
    internal override IReadOnlyList<string> Usage => ["demo [--out DIR] [--threads N]"];

    /// <inheritdoc/>
    internal override IReadOnlyList<string> Examples => ["sema demo", "sema demo --out /tmp/sema-demo --threads 2"];

    /// <inheritdoc/>
    internal override int Run(ParseResult parse, Terminal terminal)
    {
        var console = terminal.View(json: false);
        var model = parse.GetValue(_options.Model) ?? Path.Combine(AppContext.BaseDirectory, "samples", "mnist-cnn.onnx");
        if (!File.Exists(model))
            throw new UsageException($"The sample model '{model}' is not there; name another MNIST-like classifier with --model.");
        var data = DemoData.Load(TrainingSamples, TestSamples, parse.GetValue(_options.Scale));
        var folder = parse.GetValue(_options.Out) ?? Unused("sema-demo");
        if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()))
            throw new UsageException($"'{folder}' is there already; name a new folder with --out.");

        terminal.Output.WriteLine($"Model  {Path.GetFileName(model)}, a classifier of handwritten digits");
        terminal.Output.WriteLine($"Data   {data.Description}");
        terminal.Output.WriteLine($"Runs   {Epochs} epochs each, adamw, learning rate {Readable.Short(Rate)} falling to 0 (cosine), batches of {BatchSize}, decay {Readable.Short(Decay)}");
        var watch = Stopwatch.StartNew();
        var table = new PlainTable("strategy", "test accuracy", "test loss");
        foreach (var (name, strategy) in Strategies())
        {
            terminal.Output.WriteLine($"\n{name}");
            var result = Train(console, model, Path.Combine(folder, name), data, strategy, parse.GetValue(_options.Threads));
            if (table.Rows == 0)
                Add(table, "start", result.Start!);
            Add(table, name, result.Final[strategy.Averages.Count > 0 ? strategy.Averages[0] : RunExportOptions.Online]);
        }

        table.Write(terminal.Output);
        terminal.Output.WriteLine($"Three short runs with one seed, {Readable.Seconds(watch.Elapsed)} in all: they show the tool at work, not which strategy is better.\n");
        Export(terminal, folder, data, parse.GetValue(_options.Threads));
        return ExitCode.Done;
    }

    private static (string Name, AveragingStrategy Strategy)[] Strategies()
    {
        var ema = new ExponentialMovingAverage(Decay, new RationalWarmup());
        return [("none", new NoAveraging()), ("ema", ema), (Exported, new SwitchEma(ema))];
    }

    private static TrainingResult Train(IAnsiConsole console, string model, string run, DemoData data, AveragingStrategy strategy, int threads)
    {
        using var trainer = Trainer.Start(model, run, data.Data, new()
        {
            Averaging = strategy,
            BatchSize = BatchSize,
            Epochs = Epochs,
            Schedule = length => new CosineSchedule(Rate, length.Steps),
            Pixels = data.Pixels,
            LabelNoise = data.LabelNoise,
            Threads = threads,
        });
        return TrainingView.Run(console, trainer.Length, progress => trainer.Train(progress));
    }

    private static void Export(Terminal terminal, string folder, DemoData data, int threads)
    {
        var output = Path.Combine(folder, "tuned.onnx");
        ExportSummary.Write(RunExport.Export(Path.Combine(folder, Exported), output, new() { Proof = data.Data.Test, Pixels = data.Pixels, Threads = threads }), terminal.Output);
        terminal.Output.WriteLine($"""

            Try next:
              sema inspect {Quoted(output)}
              sema eval {Quoted(output)} --data {data.Spec}{data.Flags}
              sema train {Quoted(output)} --data {data.Spec}{data.Flags} --average ema --out run
            and then your own model: sema inspect model.onnx
            """);
    }

    private static void Add(PlainTable table, string name, EvaluationResult result) =>
        table.Add(name, result.Accuracy is { } accuracy ? Readable.Percent(accuracy, 2) : "-", Readable.Loss(result.Loss));

    // Earlier results stay.
    private static string Unused(string name)
    {
        for (var n = 1; ; n++)
        {
            var folder = n == 1 ? name : $"{name}-{n}";
            if (!Directory.Exists(folder) && !File.Exists(folder))
                return folder;
        }
    }
}
