using System.CommandLine;

namespace Sema.Onnx.Cli.Options;

/// <summary>--top-k.</summary>
internal sealed class MeasureOptions : OptionGroup
{
    internal MeasureOptions()
        : base("Measures") => TopK = Add(TopKOption());

    internal Option<long?> TopK { get; }

    internal static Option<long?> TopKOption() =>
        Flag.Integer("--top-k", "K", "Measure the share of samples whose class is among the K likeliest, where there are more than K. [default: 5]");
}
