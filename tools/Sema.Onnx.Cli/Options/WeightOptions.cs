using System.CommandLine;
using Sema.Onnx.Graphs.Composition;

namespace Sema.Onnx.Cli.Options;

/// <summary>--classes, --freeze, --train, --batch-norm.</summary>
internal sealed class WeightOptions : OptionGroup
{
    internal WeightOptions()
        : base("What is trained")
    {
        Classes = Add(Flag.Integer("--classes", "N", "Replace the last layer by a new one for N classes."));
        Freeze = Add(Flag.Texts("--freeze", "PATTERN", "Keep weights whose name fits (* and ?) as they are; may be repeated."));
        Train = Add(Flag.Texts("--train", "PATTERN", "Train only weights whose name fits; may be repeated."));
        BatchNorm = Add(Flag.Choice("--batch-norm", "frozen: normalise by the model's own statistics; train: by each batch's, which move the model's.", "frozen", "frozen", "train"));
    }

    internal Option<long?> Classes { get; }

    internal Option<string[]> Freeze { get; }

    internal Option<string[]> Train { get; }

    internal Option<string> BatchNorm { get; }

    internal BatchNormalizationMode Mode(ParseResult parse) => Mode(parse, BatchNorm);

    internal static BatchNormalizationMode Mode(ParseResult parse, Option<string> option) =>
        parse.GetValue(option) == "train" ? BatchNormalizationMode.Train : BatchNormalizationMode.Frozen;
}
