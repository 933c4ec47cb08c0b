using System.CommandLine;
using Sema.Onnx.Graphs.Losses;

namespace Sema.Onnx.Cli.Options;

/// <summary>--loss, --label-smoothing, --ignore-index, --output.</summary>
internal sealed class LossOptions : OptionGroup
{
    internal LossOptions()
        : base("Loss")
    {
        Kind = Add(Flag.Choice("--loss", "What is made small. cross-entropy takes class numbers, the others values of the output's shape.",
            "cross-entropy", "cross-entropy", "bce", "mse", "l1", "huber"));
        LabelSmoothing = Add(Flag.Number("--label-smoothing", "E", "The share of a target spread evenly over all classes, in [0, 1).", 0.0));
        IgnoreIndex = Add(Flag.Integer("--ignore-index", "N", "The class number that does not count. [default: -100]", long.MinValue, long.MaxValue));
        Output = Add(Flag.Text("--output", "NAME", "The output, or inner value, that the loss is about. [default: the model's first output]"));
    }

    internal Option<string> Kind { get; }

    internal Option<double> LabelSmoothing { get; }

    internal Option<long?> IgnoreIndex { get; }

    internal Option<string?> Output { get; }

    internal Loss Bind(ParseResult parse) => parse.GetValue(Kind) switch
    {
        "bce" => new BinaryCrossEntropyLoss(),
        "mse" => new MeanSquaredErrorLoss(),
        "l1" => new MeanAbsoluteErrorLoss(),
        "huber" => new HuberLoss(),
        _ => CrossEntropy(parse),
    };

    private CrossEntropyLoss CrossEntropy(ParseResult parse)
    {
        var smoothing = parse.GetValue(LabelSmoothing);
        var loss = new CrossEntropyLoss
        {
            LabelSmoothing = smoothing is >= 0 and < 1 ? (float)smoothing : throw new UsageException($"--label-smoothing: {smoothing} is out of range; it must be in [0, 1)."),
        };
        return parse.GetValue(IgnoreIndex) is { } ignored ? loss with { IgnoreIndex = ignored } : loss;
    }
}
