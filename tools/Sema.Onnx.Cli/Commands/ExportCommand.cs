using System.CommandLine;
using System.Text.Json.Nodes;
using Sema.Onnx.Cli.Options;
using Sema.Onnx.Cli.Reports;
using Sema.Onnx.Data;
using Sema.Onnx.Export;
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
        var (options, note) = Proof(parse, run, new RunExportOptions
        {
            Weights = parse.GetValue(_flags.Weights),
            Checkpoint = parse.GetValue(_flags.Checkpoint),
            WithShadow = parse.GetValue(_flags.WithShadow),
            Threads = parse.GetValue(_flags.Threads),
        });
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
        if (note is not null)
            terminal.Output.WriteLine($"note      {note}");
        return ExitCode.Done;
    }

    // The run's own configuration says what its data are; a proof on noise is better than none where they are gone.
    private (RunExportOptions Options, string? Note) Proof(ParseResult parse, string run, RunExportOptions options)
    {
        var config = new RunFolder(run).Config;
        if (!File.Exists(config))
            return (options, "the run has no config.json, so the proof ran on noise");
        string[] other = parse.GetValue(_flags.Data) is { } spec ? ["--data", spec, "--eval-data", spec] : [];
        var training = CommandLine.Parse(["train", "--config", config, .. other]);
        if (ParseFailure.Of(training) is { } wrong)
            throw new UsageException($"'{config}' is damaged: {wrong}");
        var train = ((TrainCommand)training.CommandResult.Command).Settings;
        options = options with { Pixels = train.Pixels.Bind(training), Loss = train.Loss.Bind(training) };
        try
        {
            var data = train.Data.Load(training);
            return (options with { Proof = data.Test ?? data.Train }, null);
        }
        catch (DataException e) when (parse.GetValue(_flags.Data) is null)
        {
            return (options, $"the proof ran on noise, as the run's data are not there: {e.Message}");
        }
    }
}
