using System.CommandLine;
using System.Diagnostics;
using Sema.Onnx.Cli.Options;
using Sema.Onnx.Cli.Reports;
using Sema.Onnx.Training;

namespace Sema.Onnx.Cli.Commands;

/// <summary>Measures how well a model does on data.</summary>
internal sealed class EvalCommand : SemaCommand
{
    private readonly Argument<string> _model;
    private readonly DataOptions _data;
    private readonly PixelFlags _pixels;
    private readonly LossOptions _loss;
    private readonly DeviceOptions _device;
    private readonly MeasureOptions _measures;
    private readonly CommonOptions _common;

    internal EvalCommand()
        : base("eval", "Measure how well a model does on data.")
    {
        _model = AddArgument("MODEL", "The .onnx file.");
        _data = Add(new DataOptions(training: false));
        _pixels = Add(new PixelFlags());
        _loss = Add(new LossOptions());
        _measures = Add(new MeasureOptions());
        _device = Add(new DeviceOptions(batch: true));
        _common = Add(new CommonOptions());
    }

    /// <inheritdoc/>
    internal override string About =>
        "Runs a model over the test part of the data (over all of them where there is no test part) and prints the mean loss and, for class targets, accuracy, top-k accuracy, negative log-likelihood and calibration error.";

    /// <inheritdoc/>
    internal override IReadOnlyList<string> Usage => ["eval MODEL --data SPEC [options]"];

    /// <inheritdoc/>
    internal override IReadOnlyList<string> Examples =>
    [
        "sema eval model.onnx --data cifar10:data/ --mean 0.5 --std 0.5",
        "sema eval tuned.onnx --data npz:data/ --json",
    ];

    /// <inheritdoc/>
    internal override int Run(ParseResult parse, Terminal terminal)
    {
        var model = Existing(parse.GetValue(_model), "model");
        var options = new EvaluationOptions
        {
            Loss = _loss.Bind(parse),
            Output = parse.GetValue(_loss.Output),
            Pixels = _pixels.Bind(parse),
            TopK = (int?)parse.GetValue(_measures.TopK),
            BatchSize = parse.GetValue(_device.BatchSize),
            Device = _device.Device(parse),
            Threads = parse.GetValue(_device.Threads),
        };
        var data = _data.Load(parse);
        var watch = Stopwatch.StartNew();
        var result = ModelEvaluator.Evaluate(model, data.Test ?? data.Train, options);
        if (parse.GetValue(_common.Json))
        {
            terminal.Output.WriteLine(ResultJson.Of(result).ToJsonString());
            return ExitCode.Done;
        }

        terminal.Output.WriteLine($"loss      {Readable.Loss(result.Loss)}");
        foreach (var (name, value) in Readable.Measures(result))
            terminal.Output.WriteLine($"{name,-8}  {value}");
        terminal.Output.WriteLine($"samples   {Readable.Number(result.Samples)} ({(data.Test is null ? "all: the data have no test part" : "test part")}), {Readable.Seconds(watch.Elapsed)}");
        return ExitCode.Done;
    }
}
