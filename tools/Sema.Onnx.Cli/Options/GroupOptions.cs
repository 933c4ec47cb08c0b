using System.CommandLine;
using System.Globalization;
using Sema.Onnx.Graphs.Composition;

namespace Sema.Onnx.Cli.Options;

/// <summary>--group, --layer-decay, --layer-pattern.</summary>
internal sealed class GroupOptions : OptionGroup
{
    internal GroupOptions()
        : base("Learning rate and weight decay of some weights")
    {
        Rules = Add(Flag.Texts("--group", "PATTERN:SETTINGS", "Weights whose name fits (* and ?) get lr=F (a share of the learning rate), weight-decay=D, or both with a comma between; "
            + "may be repeated, and the first that fits wins. Such as \"head.*:lr=10,weight-decay=0\"."));
        Decay = Add(Flag.Number("--layer-decay", "D", "Layer l of L learns at lr D^(L-l), in (0, 1]. Every trained matrix, in the order of use, begins a layer. [default: none]"));
        Pattern = Add(Flag.Text("--layer-pattern", "REGEX", "For --layer-decay: an expression whose one group finds the layer's number in names, such as \"layer\\.(\\d+)\"; "
            + "what is used before the first is a layer before it, what is used after the last one behind it."));
    }

    internal Option<string[]> Rules { get; }

    internal Option<double?> Decay { get; }

    internal Option<string?> Pattern { get; }

    internal IReadOnlyList<GroupRule> Groups(ParseResult parse) => [.. parse.GetValue(Rules)!.Select(Rule)];

    internal LayerDecay? Layers(ParseResult parse)
    {
        var pattern = parse.GetValue(Pattern);
        if (parse.GetValue(Decay) is { } decay)
            return new(decay, pattern);
        return pattern is null ? null : throw new UsageException("--layer-pattern needs --layer-decay: what the learning rate is multiplied by from layer to layer, such as 0.75.");
    }

    // A name may hold colons, settings do not.
    private static GroupRule Rule(string text)
    {
        var colon = text.LastIndexOf(':');
        if (colon < 1)
            throw Malformed();
        var rule = new GroupRule(text[..colon]);
        foreach (var setting in text[(colon + 1)..].Split(',', StringSplitOptions.TrimEntries))
        {
            var parts = setting.Split('=');
            if (parts.Length != 2 || !double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
                throw Malformed();
            rule = parts[0] switch
            {
                "lr" => rule with { RateScale = number },
                "weight-decay" => rule with { WeightDecay = number },
                _ => throw Malformed(),
            };
        }

        return rule;

        UsageException Malformed() => new($"--group: '{text}' is no group; write a name pattern, a colon, and lr=F, weight-decay=D or both, such as head.*:lr=10,weight-decay=0.");
    }
}
