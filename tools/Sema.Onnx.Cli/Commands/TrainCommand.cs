using System.CommandLine;
using Sema.Onnx.Cli.Options;
using Sema.Onnx.Cli.Reports;
using Sema.Onnx.Data;
using Sema.Onnx.Training;
using Spectre.Console;

namespace Sema.Onnx.Cli.Commands;

/// <summary>Fine-tunes a model, or goes on with a run.</summary>
internal sealed class TrainCommand : SemaCommand
{
    private readonly Argument<string> _model;
    private readonly RunConfig _config;
    private readonly CommonOptions _common;

    internal TrainCommand()
        : base("train", "Fine-tune a model on data, with averaged weights beside the trained ones.")
    {
        _model = AddArgument("MODEL", "The .onnx file to start from.", required: false);
        Settings = new TrainingOptions();
        foreach (var group in Settings.Groups)
            Add(group);
        _common = Add(new CommonOptions());
        _config = new RunConfig(this, _model, Settings);
    }

    /// <summary>Gets the options that make a run.</summary>
    internal TrainingOptions Settings { get; }

    /// <inheritdoc/>
    internal override string About =>
        "Fine-tunes a model and keeps averaged weights beside the trained ones. After every epoch (or --evaluate-every) all of them are evaluated and a checkpoint is written; "
        + "Ctrl-C finishes the step under way, saves, and exits with 130. Defaults: adamw at 0.0001, 3 epochs, batches of 32, Switch EMA.";

    /// <inheritdoc/>
    internal override IReadOnlyList<string> Usage =>
    [
        "train MODEL --data SPEC --out RUN [options]",
        $"train --resume RUN [{string.Join(' ', RunConfig.Free.Where(o => o != "--provider").Select(o => o + " N"))} --provider P]",
    ];

    /// <inheritdoc/>
    internal override IReadOnlyList<string> Examples =>
    [
        "sema train model.onnx --data cifar10:data/ --out run --mean 0.5 --std 0.5 --augment crop,flip",
        "sema train model.onnx --data npz:data/ --out run --classes 5 --freeze \"features.0*\" --schedule cosine --warmup 100",
        "sema train --resume run --epochs 10",
    ];

    /// <inheritdoc/>
    internal override IReadOnlyList<string> ConfigTokens(ParseResult parse) =>
        parse.GetResult(Settings.Run.Resume)?.Tokens is [var run] ? _config.Resume(run.Value, parse) : base.ConfigTokens(parse);

    /// <inheritdoc/>
    internal override bool StopsByItself => true;

    /// <inheritdoc/>
    internal override int Run(ParseResult parse, Terminal terminal)
    {
        var resume = parse.GetValue(Settings.Run.Resume);
        var folder = resume ?? parse.GetValue(Settings.Run.Out) ?? throw new UsageException("--out is missing: name the new folder of the run, such as --out run.");
        if (resume is not null && parse.GetValue(Settings.Run.Out) is not null)
            throw new UsageException("--out and --resume exclude each other: a resumed run stays in its folder.");
        if (File.Exists(folder))
            throw new UsageException($"'{folder}' is a file; name a folder for the run.");
        var model = Existing(parse.GetValue(_model), "model");
        var options = Settings.Bind(parse);
        var data = Settings.Data.Load(parse);
        var json = parse.GetValue(_common.Json);
        var console = terminal.View(json);

        if (Settings.Averaging.Scaled(parse) is { } scaled)
            (json ? terminal.Error : terminal.Output).WriteLine(scaled);

        using var interruption = new Interruption();
        using var trainer = Trainer(parse, new RunFolder(folder), resume is not null, model, data, options);
        var result = TrainingView.Run(console, trainer.Length, view =>
        {
            using var said = interruption.Token.Register(view.Stopping);
            return trainer.Train(view, interruption.Token);
        });

        if (json)
            terminal.Output.WriteLine(ResultJson.Of(result, folder, model).ToJsonString());
        if (result.Ended == RunEnd.Interrupted)
        {
            var at = result.Position;
            (json ? terminal.Error : terminal.Output).WriteLine(
                $"Stopped at step {at.Step} of {at.Steps} (epoch {at.Epoch}). Go on with: sema train --resume {Quoted(folder)}");
            return ExitCode.Interrupted;
        }

        if (!json)
            Summarise(terminal.Output, result, options.TargetAccuracy, folder);
        return ExitCode.Done;
    }

    // The options are written before anything else: a run that is killed from then on can go on, or begin again, from them alone.
    private Trainer Trainer(ParseResult parse, RunFolder run, bool resume, string model, DataSplit data, TrainerOptions options)
    {
        if (resume && run.HasBegun)
        {
            _config.Write(run, parse);
            return Training.Trainer.Resume(run.Path, data, options);
        }

        run.CheckFree();
        var made = !Directory.Exists(run.Path);
        Directory.CreateDirectory(run.Path);
        _config.Write(run, parse);
        try
        {
            return Training.Trainer.Start(model, run.Path, data, options);
        }
        catch when (!resume)
        {
            File.Delete(run.Config);
            if (made)
                Directory.Delete(run.Path, recursive: true);
            throw;
        }
    }

    private static void Summarise(TextWriter writer, TrainingResult result, double? target, string folder)
    {
        if (result.Ended == RunEnd.StoppedEarly)
            writer.WriteLine($"Stopped early: no better evaluation since epoch {result.BestEpoch}.");
        if (result.Timing.Total == TimeSpan.Zero)
            writer.WriteLine("The run was complete already.");
        if (result.Best is null)
            writer.WriteLine("Nothing was evaluated: the data have no test part (--eval-data SPEC names one).");
        else
            ResultTable.Of(result, target).Write(writer);
        writer.WriteLine($"Next: sema export {Quoted(folder)} tuned.onnx");
    }
}
