using System.CommandLine;
using System.Text.Json.Nodes;
using Sema.Onnx.Cli.Options;
using Sema.Onnx.Cli.Reports;
using Sema.Onnx.Data;
using Sema.Onnx.Export;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Training;

namespace Sema.Onnx.Cli.Commands;

/// <summary>Writes a run's weights into the model that it started from.</summary>
internal sealed class ExportCommand : SemaCommand
{
    private readonly Argument<string> _run, _output;
    private readonly ExportFlags _flags;
    private readonly CommonOptions _common;

    internal ExportCommand()
        : base("export", "Write a run's averaged weights into the original model.")
    {
        _run = AddArgument("RUN", "The folder of the run.");
        _output = AddArgument("OUT.onnx", "The new model file.");
        _flags = Add(new ExportFlags());
        _common = Add(new CommonOptions());
    }

    /// <inheritdoc/>
    internal override string About =>
        "Patches the weights of a checkpoint into the original model: the same file but for the trained values. Then proves it: the new file is run beside the "
        + "training graphs on samples of the run's test data, and nothing is written if their outputs differ.";

    /// <inheritdoc/>
    internal override IReadOnlyList<string> Usage => ["export RUN OUT.onnx [options]"];

    /// <inheritdoc/>
    internal override IReadOnlyList<string> Examples => ["sema export run tuned.onnx", "sema export run last-online.onnx --weights online --checkpoint last"];

    /// <inheritdoc/>
    internal override int Run(ParseResult parse, Terminal terminal)
    {
        var (run, output) = (parse.GetValue(_run)!, parse.GetValue(_output)!);
        if (!Directory.Exists(run))
            throw new UsageException($"There is no run '{run}'.");
        if (Directory.Exists(output))
            throw new UsageException($"'{output}' is a folder; name the new model file.");
        var options = new RunExportOptions
        {
            Weights = parse.GetValue(_flags.Weights),
            Checkpoint = parse.GetValue(_flags.Checkpoint),
            WithShadow = parse.GetValue(_flags.WithShadow),
            Threads = parse.GetValue(_flags.Threads),
            Statistics = parse.GetValue(_flags.Statistics) is { } word ? StatisticsOptions.Parse(word) : null,
        };
        if (options.Statistics is not null && !IsMadeAfterTheRun(options))
            throw new UsageException($"--average-statistics goes with --weights {RunExportOptions.PostHoc}WIDTH; other averages have the statistics that the run gave them.");
        var notes = new List<string>();
        options = WithData(parse, run, options, notes);
        var export = RunExport.Export(run, output, options);
        if (parse.GetValue(_common.Json))
        {
            var json = JsonNode.Parse(export.Report.ToJson())!.AsObject();
            json["checkpoint"] = export.Checkpoint;
            json["step"] = export.Step;
            json["weights"] = export.Weights;
            terminal.Output.WriteLine(json.ToJsonString());
            return ExitCode.Done;
        }

        ExportSummary.Write(export, terminal.Output);
        foreach (var note in notes)
            terminal.Output.WriteLine($"note      {note}");
        return ExitCode.Done;
    }

    private static bool IsMadeAfterTheRun(RunExportOptions options) => options.Weights?.StartsWith(RunExportOptions.PostHoc, StringComparison.Ordinal) == true;

    // The run's own configuration says what its data are; a proof on noise is better than none where they are gone.
    private RunExportOptions WithData(ParseResult parse, string run, RunExportOptions options, List<string> notes)
    {
        var config = new RunFolder(run).Config;
        if (!File.Exists(config))
        {
            notes.Add("the run has no config.json, so the proof ran on noise");
            return options;
        }

        string[] other = parse.GetValue(_flags.Data) is { } spec ? ["--data", spec, "--eval-data", spec] : [];
        var (train, training) = Trained(config);
        options = WithStatistics(train, training, options with { Pixels = train.Pixels.Bind(training), Loss = train.Loss.Bind(training) }, notes);
        try
        {
            var (proof, arguments) = Trained(config, other);
            var data = proof.Data.Load(arguments);
            return options with { Proof = data.Test ?? data.Train };
        }
        catch (DataException e) when (other.Length == 0)
        {
            notes.Add($"the proof ran on noise, as the run's data are not there: {e.Message}");
            return options;
        }
    }

    // An average that is made only now gets its batch-norm statistics as those that the run kept got theirs.
    private static RunExportOptions WithStatistics(TrainingOptions train, ParseResult training, RunExportOptions options, List<string> notes)
    {
        if (!IsMadeAfterTheRun(options) || train.Weights.Mode(training) != BatchNormalizationMode.Train)
            return options;
        var statistics = options.Statistics ?? train.Statistics.Bind(training);
        if (statistics != AverageStatistics.Recompute)
            return options with { Statistics = statistics };
        try
        {
            return options with { Statistics = statistics, Training = train.Data.Load(training).Train, Augmentation = train.Data.Augmentation(training) };
        }
        catch (DataException e) when (options.Statistics is null)
        {
            notes.Add($"the batch-norm statistics are averaged along with the weights, as the run's data are not there to compute them anew: {e.Message}");
            return options with { Statistics = AverageStatistics.Average };
        }
    }

    private static (TrainingOptions Options, ParseResult Arguments) Trained(string config, params string[] other)
    {
        var arguments = CommandLine.Parse(["train", "--config", config, .. other]);
        return ParseFailure.Of(arguments) is { } wrong
            ? throw new UsageException($"'{config}' is damaged: {wrong}")
            : (((TrainCommand)arguments.CommandResult.Command).Settings, arguments);
    }
}
