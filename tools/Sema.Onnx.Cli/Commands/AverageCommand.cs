using System.CommandLine;
using Sema.Onnx.Cli.Options;
using Sema.Onnx.Cli.Reports;

namespace Sema.Onnx.Cli.Commands;

/// <summary>Averages finished models.</summary>
internal sealed class AverageCommand : SemaCommand
{
    private readonly Argument<string[]> _models;
    private readonly SoupFlags _soup;
    private readonly DataOptions _data;
    private readonly PixelFlags _pixels;
    private readonly LossOptions _loss;
    private readonly DeviceOptions _device;
    private readonly CommonOptions _common;

    internal AverageCommand()
        : base("average", "Average finished models: soups and interpolation.")
    {
        _models = new("MODEL") { Description = "Two or more .onnx files of one graph, or folders of runs.", Arity = ArgumentArity.ZeroOrMore };
        Arguments.Add(_models);
        _soup = Add(new SoupFlags());
        _data = Add(new DataOptions(training: false));
        _pixels = Add(new PixelFlags());
        _loss = Add(new LossOptions());
        _device = Add(new DeviceOptions(batch: true));
        _common = Add(new CommonOptions(config: false));
    }

    /// <inheritdoc/>
    internal override string About =>
        "Writes a model whose weights are the average of those of several models of the same graph: fine-tuned from the same start, or the start and a tuned one. The result is the first "
        + "model's file but for the values of its float weights, running statistics included. With --data, models and averages are evaluated on the test part of the data (on all of them "
        + "where there is no test part); what is chosen by them is best measured on others.";

    /// <inheritdoc/>
    internal override IReadOnlyList<string> Usage => ["average MODEL MODEL [MODEL...] --out OUT.onnx [options]"];

    /// <inheritdoc/>
    internal override IReadOnlyList<string> Examples =>
    [
        "sema average a.onnx b.onnx c.onnx --out soup.onnx",
        "sema average a.onnx b.onnx run3 --kind greedy --data npz:validation.npz --out soup.onnx",
        "sema average pretrained.onnx tuned.onnx --alpha 0,0.25,0.5,0.75,1 --data npz:validation.npz --out between.onnx",
    ];

    /// <inheritdoc/>
    internal override bool StopsByItself => true;

    /// <inheritdoc/>
    internal override int Run(ParseResult parse, Terminal terminal)
    {
        var models = parse.GetValue(_models)!;
        foreach (var model in models.Where(m => !File.Exists(m) && !Directory.Exists(m)))
            throw new UsageException($"There is no model '{model}'.");
        var data = parse.GetValue(_data.Data) is null ? null : _data.Load(parse);
        using var interruption = new Interruption();
        var report = _soup.Run(parse, models, new()
        {
            Data = data?.Test ?? data?.Train,
            Evaluation = new()
            {
                Loss = _loss.Bind(parse),
                Output = parse.GetValue(_loss.Output),
                Pixels = _pixels.Bind(parse),
                BatchSize = parse.GetValue(_device.BatchSize),
                Device = _device.Device(parse),
                Threads = parse.GetValue(_device.Threads),
            },
            Metric = _soup.Judge(parse),
            Weights = parse.GetValue(_soup.Weights),
        }, interruption.Token);
        if (parse.GetValue(_common.Json))
            terminal.Output.WriteLine(SoupSummary.Json(report).ToJsonString());
        else
            SoupSummary.Write(report, terminal.Output);
        return ExitCode.Done;
    }
}
