using System.CommandLine;
using System.Globalization;
using Sema.Onnx.Verification;

namespace Sema.Onnx.Cli.Options;

/// <summary>--seed, --directions, --parameters, --shape, --range: what a check of gradients draws.</summary>
internal sealed class GradientCheckFlags : OptionGroup
{
    internal GradientCheckFlags()
        : base("What is drawn")
    {
        Seed = Add(Flag.Integer("--seed", "N", "What inputs and directions are drawn from.", 0, int.MinValue));
        Directions = Add(Flag.Integer("--directions", "K", "Random directions for each parameter.", 1, 1));
        Parameters = Add(Flag.Texts("--parameters", "PATTERN", "Check only parameters whose name fits (* and ?); may be repeated."));
        Shapes = Add(Flag.Texts("--shape", "NAME=A,B,...", "The sizes of an input, batch included; may be repeated. [default: the model's own, free axes guessed]"));
        Ranges = Add(Flag.Texts("--range", "NAME=LOW,HIGH", "Draw an input from LOW to HIGH, both included; one number makes it constant; may be repeated."));
    }

    internal Option<int> Seed { get; }

    internal Option<int> Directions { get; }

    internal Option<string[]> Parameters { get; }

    internal Option<string[]> Shapes { get; }

    internal Option<string[]> Ranges { get; }

    internal GradientCheckOptions Bind(ParseResult parse) => new()
    {
        Seed = parse.GetValue(Seed),
        Directions = parse.GetValue(Directions),
        Parameters = parse.GetValue(Parameters)!,
        Shapes = Named(parse.GetValue(Shapes)!, Shapes.Name, "x=1,3,224,224", Sizes),
        Ranges = Named(parse.GetValue(Ranges)!, Ranges.Name, "x=0,1", Range),
    };

    // Names of inputs may hold an equals sign themselves: the last one counts.
    private static Dictionary<string, T> Named<T>(string[] texts, string option, string example, Func<string, T?> parsed)
    {
        var values = new Dictionary<string, T>();
        foreach (var text in texts)
        {
            var end = text.LastIndexOf('=');
            if (end <= 0 || parsed(text[(end + 1)..]) is not { } value)
                throw new UsageException($"{option}: '{text}' is not understood; write an input's name and numbers, such as {example}.");
            if (!values.TryAdd(text[..end], value))
                throw new UsageException($"{option}: '{text[..end]}' is given twice.");
        }

        return values;
    }

    private static IReadOnlyList<long>? Sizes(string text)
    {
        var sizes = Array.ConvertAll(text.Split(','), part =>
            long.TryParse(part.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size is > 0 and <= int.MaxValue ? size : -1);
        return sizes.Contains(-1) ? null : sizes;
    }

    // A tuple cannot be null, its option can.
    private static (double Least, double Largest) Range(string text)
    {
        var bounds = Array.ConvertAll(text.Split(','), part =>
            double.TryParse(part.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out var bound) && double.IsFinite(bound) ? bound : (double?)null);
        return bounds is [{ } least, .. { Length: <= 1 }] && bounds[^1] is { } largest && least <= largest
            ? (least, largest)
            : throw new UsageException($"--range: '{text}' is no range; write the least and the largest value, such as 0,1, or one number.");
    }
}
