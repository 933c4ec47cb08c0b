using System.CommandLine;
using System.Globalization;

namespace Sema.Onnx.Cli.Options;

/// <summary>--batch-size, --input-shape, --target-shape: the sizes that training graphs are made for.</summary>
internal sealed class ShapeOptions : OptionGroup
{
    internal ShapeOptions()
        : base("Sizes")
    {
        BatchSize = Add(Flag.Integer("--batch-size", "N", "Samples of a batch.", 32, 1));
        Input = Add(Flag.Texts("--input-shape", "[NAME=]A,B,...", "The size of a sample, without the batch; by the input's name where the model has several. [default: the model's own, or that of --data]"));
        Target = Add(Flag.Text("--target-shape", "A,B,...", "The size of a sample's target, without the batch. [default: what the loss implies, or that of --data]"));
        Seed = Add(Flag.Integer("--seed", "N", "What a new head is drawn from.", 0, int.MinValue));
    }

    internal Option<int> BatchSize { get; }

    internal Option<string[]> Input { get; }

    internal Option<string?> Target { get; }

    internal Option<int> Seed { get; }

    /// <summary>Gets the sizes of a sample of each input by its name; by the empty one where none is given.</summary>
    internal IReadOnlyDictionary<string, IReadOnlyList<long>> Given(ParseResult parse) => parse.GetValue(Input)!
        .Select(text => text.LastIndexOf('=') is >= 0 and var end ? (Name: text[..end], Sizes: text[(end + 1)..]) : (Name: "", Sizes: text))
        .GroupBy(given => given.Name).ToDictionary(given => given.Key, given => (IReadOnlyList<long>)Sizes(given.Last().Sizes, Input.Name));

    internal IReadOnlyList<long>? GivenTarget(ParseResult parse, int batch) => parse.GetValue(Target) is { } text ? [batch, .. Sizes(text, Target.Name)] : null;

    private static List<long> Sizes(string text, string option) =>
        [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(part =>
            int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size > 0
                ? (long)size
                : throw new UsageException($"{option}: '{part}' is no size; write whole numbers with commas between them, such as 3,224,224."))];
}
