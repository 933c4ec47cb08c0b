using System.CommandLine;
using Sema.Onnx.Cli.Options;
using Sema.Onnx.Cli.Reports;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Inspection;

namespace Sema.Onnx.Cli.Commands;

/// <summary>Says what a model is, what of it can be trained, and what cannot.</summary>
internal sealed class InspectCommand : SemaCommand
{
    private readonly Argument<string> _model;
    private readonly WeightOptions _weights;
    private readonly GroupOptions _groups;
    private readonly LossOptions _loss;
    private readonly CommonOptions _common;

    internal InspectCommand()
        : base("inspect", "Show a model's inputs, outputs, operators and weights: what can be trained, and what cannot.")
    {
        _model = AddArgument("MODEL", "The .onnx file.");
        _weights = Add(new WeightOptions());
        _groups = Add(new GroupOptions());
        _loss = Add(new LossOptions());
        _common = Add(new CommonOptions());
    }

    /// <inheritdoc/>
    internal override string About => "Shows what a model is, which of its weights training would move, and what stops training, if anything, with what to do about it. Nothing is written.";

    /// <inheritdoc/>
    internal override IReadOnlyList<string> Usage => ["inspect MODEL [options]"];

    /// <inheritdoc/>
    internal override IReadOnlyList<string> Examples => ["sema inspect model.onnx", "sema inspect model.onnx --classes 5 --freeze \"features*\" --json"];

    /// <inheritdoc/>
    internal override int Run(ParseResult parse, Terminal terminal)
    {
        var report = ModelInspector.Inspect(Existing(parse.GetValue(_model), "model"), new CompositionOptions
        {
            Loss = _loss.Bind(parse),
            Output = parse.GetValue(_loss.Output),
            Classes = (int?)parse.GetValue(_weights.Classes),
            Freeze = parse.GetValue(_weights.Freeze)!,
            Train = parse.GetValue(_weights.Train)!,
            BatchNormalization = _weights.Mode(parse),
            Groups = _groups.Groups(parse),
            LayerDecay = _groups.Layers(parse),
        });
        if (parse.GetValue(_common.Json))
            terminal.Output.WriteLine(report.ToJson());
        else
            InspectionSummary.Write(report, terminal.Output);
        return ExitCode.Done;
    }
}
