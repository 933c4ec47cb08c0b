using System.CommandLine;
using System.Text.Json.Nodes;
using Sema.Onnx.Artifacts;
using Sema.Onnx.Cli.Options;
using Sema.Onnx.Cli.Reports;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Inspection;

namespace Sema.Onnx.Cli.Commands;

/// <summary>Writes the training graphs of a model as a folder.</summary>
internal sealed class ArtifactsCommand : SemaCommand
{
    private readonly Argument<string> _model, _folder;
    private readonly DataOptions _data;
    private readonly PixelFlags _pixels;
    private readonly LossOptions _loss;
    private readonly WeightOptions _weights;
    private readonly OptimizerOptions _optimizer;
    private readonly GroupOptions _groups;
    private readonly MemoryOptions _memory;
    private readonly AveragingOptions _averaging = new();
    private readonly ShapeOptions _shapes;
    private readonly CommonOptions _common;

    internal ArtifactsCommand()
        : base("artifacts", "Write a model's training graphs (ONNX files that any ONNX Runtime can train from).")
    {
        _model = AddArgument("MODEL", "The .onnx file.");
        _folder = AddArgument("OUT", "The new folder.");
        _shapes = Add(new ShapeOptions());
        _loss = Add(new LossOptions());
        _weights = Add(new WeightOptions());
        _optimizer = Add(new OptimizerOptions());
        _groups = Add(new GroupOptions());
        foreach (var group in _averaging.Groups)
            Add(group);
        _memory = Add(new MemoryOptions());
        _data = Add(new DataOptions(training: false));
        _pixels = Add(new PixelFlags());
        _common = Add(new CommonOptions());
    }

    /// <inheritdoc/>
    internal override string About =>
        "Differentiates a model and writes training.onnx, eval.onnx, update.onnx, weights.bin and manifest.json, all in standard ONNX. "
        + "`sema train` does this on its way. Learning rate, decays and switches are inputs of the graphs and not fixed in them; data are read only to learn the size of a sample.";

    /// <inheritdoc/>
    internal override IReadOnlyList<string> Usage => ["artifacts MODEL OUT [options]"];

    /// <inheritdoc/>
    internal override IReadOnlyList<string> Examples =>
    [
        "sema artifacts model.onnx graphs --batch-size 64",
        "sema artifacts model.onnx graphs --input-shape 3,224,224 --classes 5 --optimizer sgd",
    ];

    /// <inheritdoc/>
    internal override int Run(ParseResult parse, Terminal terminal)
    {
        var model = Existing(parse.GetValue(_model), "model");
        var folder = parse.GetValue(_folder)!;
        var loss = _loss.Bind(parse);
        var options = new CompositionOptions
        {
            Loss = loss,
            Output = parse.GetValue(_loss.Output),
            Classes = (int?)parse.GetValue(_weights.Classes),
            Freeze = parse.GetValue(_weights.Freeze)!,
            Train = parse.GetValue(_weights.Train)!,
            BatchNormalization = _weights.Mode(parse),
            Optimizer = _optimizer.Bind(parse),
            DecayVectors = !parse.GetValue(_optimizer.NoDecayOnVectors),
            Groups = _groups.Groups(parse),
            LayerDecay = _groups.Layers(parse),
            Averages = _averaging.Bind(parse, _optimizer.KeepsAverage(parse)).ShadowWeights.Count(s => s.EveryStep),
            Accumulate = parse.GetValue(_optimizer.Accumulate) > 1,
            Recompute = parse.GetValue(_memory.Recompute),
            Seed = parse.GetValue(_shapes.Seed),
        };
        var batch = parse.GetValue(_shapes.BatchSize);
        var given = _shapes.Given(parse);
        var shapes = given.Count > 0 || parse.GetValue(_data.Data) is null
            ? BatchShapes.Of(model, batch, given)
            : BatchShapes.Of(model, _data.Load(parse).Train, _pixels.Bind(parse), loss, batch);
        if (_shapes.GivenTarget(parse, batch) is { } target)
            shapes = shapes with { Target = target };
        var layout = ArtifactBuilder.Build(model, folder, options, shapes.Inputs, shapes.Target);

        var elements = layout.Parameters.Where(p => layout.Groups.First(g => g.Name == p.Group).Trained).Sum(p => p.Count);
        var files = Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(f => new FileInfo(f)).ToList();
        if (parse.GetValue(_common.Json))
        {
            terminal.Output.WriteLine(new JsonObject
            {
                ["folder"] = Path.GetFullPath(folder),
                ["parameters"] = layout.Parameters.Count,
                ["elements"] = elements,
                ["groups"] = new JsonArray([.. GroupReport.Of(layout).Select(g => (JsonNode)new JsonObject
                {
                    ["name"] = g.Name,
                    ["tensors"] = g.Tensors,
                    ["elements"] = g.Elements,
                    ["rate_scale"] = g.RateScale,
                    ["weight_decay"] = g.WeightDecay ?? options.Optimizer.WeightDecay,
                })]),
                ["files"] = new JsonObject(files.Select(f => KeyValuePair.Create(f.Name, (JsonNode?)f.Length))),
            }.ToJsonString());
            return ExitCode.Done;
        }

        terminal.Output.WriteLine($"{Readable.Count(layout.Parameters.Count, "trained tensor")} of {Readable.Number(elements)} elements, batches of {batch}, in {folder}:");
        foreach (var file in files)
            terminal.Output.WriteLine($"  {file.Name,-15} {Readable.Bytes(file.Length),10}");
        GroupTable.Write(GroupReport.Of(layout), terminal.Output);
        return ExitCode.Done;
    }
}
