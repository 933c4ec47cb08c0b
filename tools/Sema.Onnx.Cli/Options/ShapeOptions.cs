using System.CommandLine;
using System.Globalization;
using Sema.Onnx.Artifacts;

namespace Sema.Onnx.Cli.Options;

/// <summary>--batch-size, --input-shape, --target-shape: the sizes that training graphs are made for.</summary>
internal sealed class ShapeOptions : OptionGroup
{
    internal ShapeOptions()
        : base("Sizes")
    {
        BatchSize = Add(Flag.Integer("--batch-size", "N", "Samples of a batch.", 32, 1));
        Input = Add(Flag.Text("--input-shape", "A,B,...", "The size of a sample, without the batch. [default: the model's own, or that of --data]"));
        Target = Add(Flag.Text("--target-shape", "A,B,...", "The size of a sample's target, without the batch. [default: what the loss implies, or that of --data]"));
        Seed = Add(Flag.Integer("--seed", "N", "What a new head is drawn from.", 0, int.MinValue));
    }

    internal Option<int> BatchSize { get; }

    internal Option<string?> Input { get; }

    internal Option<string?> Target { get; }

    internal Option<int> Seed { get; }

    internal BatchShapes? Given(ParseResult parse, int batch) => parse.GetValue(Input) is { } text ? new([batch, .. Sizes(text, Input.Name)], null) : null;

    internal IReadOnlyList<long>? GivenTarget(ParseResult parse, int batch) => parse.GetValue(Target) is { } text ? [batch, .. Sizes(text, Target.Name)] : null;

    private static List<long> Sizes(string text, string option) =>
        [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(part =>
            int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size > 0
                ? (long)size
                : throw new UsageException($"{option}: '{part}' is no size; write whole numbers with commas between them, such as 3,224,224."))];
}
