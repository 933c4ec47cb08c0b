using System.CommandLine;
using Sema.Onnx.Cli.Options;
using Sema.Onnx.Cli.Reports;
using Sema.Onnx.Verification;

namespace Sema.Onnx.Cli.Commands;

/// <summary>Checks a model's gradients against differences of its loss, without data.</summary>
internal sealed class GradcheckCommand : SemaCommand
{
    private readonly Argument<string> _model;
    private readonly GradientCheckFlags _check;
    private readonly Option<int> _threads;
    private readonly CommonOptions _common;

    internal GradcheckCommand()
        : base("gradcheck", "Check a model's gradients against central differences, without data.")
    {
        _model = AddArgument("MODEL", "The .onnx file.");
        _check = Add(new GradientCheckFlags());
        _threads = Add(new ThreadOptions()).Threads;
        _common = Add(new CommonOptions());
    }

    /// <inheritdoc/>
    internal override string About =>
        "Draws inputs, takes a random projection of the outputs as the loss, and compares each parameter's gradient with central differences along random directions: in float64 where ONNX Runtime can compute the model in it, and the float32 gradients with the same differences. Exits with 1 where an error is not below 1e-6 in float64 or 1e-3 in float32.";

    /// <inheritdoc/>
    internal override IReadOnlyList<string> Usage => ["gradcheck MODEL [options]"];

    /// <inheritdoc/>
    internal override IReadOnlyList<string> Examples =>
    [
        "sema gradcheck model.onnx",
        "sema gradcheck detector.onnx --shape images=1,3,320,320 --seed 3 --json",
        "sema gradcheck speech.onnx --range rate=16000 --parameters \"encoder*\"",
    ];

    /// <inheritdoc/>
    internal override int Run(ParseResult parse, Terminal terminal)
    {
        var (model, json) = (Existing(parse.GetValue(_model), "model"), parse.GetValue(_common.Json));
        var options = _check.Bind(parse) with { Threads = parse.GetValue(_threads) };
        var report = GradientCheckView.Run(terminal, progress => GradientCheck.Run(model, options, progress));
        if (json)
            terminal.Output.WriteLine(report.ToJson());
        else
            GradientCheckView.Write(report, terminal.Output);
        return report.Passed ? ExitCode.Done : ExitCode.Failed;
    }
}
