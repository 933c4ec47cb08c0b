using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Sema.Onnx.Cli.Options;

/// <summary>Makes options that check their values and refuse them in one sentence.</summary>
internal static class Flag
{
    internal static Option<bool> Switch(string name, string description) => new(name) { Description = description };

    internal static Option<string?> Text(string name, string value, string description) => new(name)
    {
        Description = description,
        HelpName = value,
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result => result.Tokens[0].Value,
    };

    internal static Option<string[]> Texts(string name, string value, string description) => new(name) { Description = description, HelpName = value, DefaultValueFactory = _ => [] };

    /// <summary>One of a few words.</summary>
    internal static Option<string> Choice(string name, string description, string standard, params string[] words) => new(name)
    {
        Description = description,
        HelpName = string.Join('|', words),
        Arity = ArgumentArity.ExactlyOne,
        DefaultValueFactory = _ => standard,
        CustomParser = result => words.Contains(result.Tokens[0].Value)
            ? result.Tokens[0].Value
            : Refuse<string>(result, $"{name}: '{result.Tokens[0].Value}' is not known; choose {Listed(words)}."),
    };

    /// <summary>One of a few words, or none.</summary>
    internal static Option<string?> OptionalChoice(string name, string description, params string[] words) => new(name)
    {
        Description = description,
        HelpName = string.Join('|', words),
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result => words.Contains(result.Tokens[0].Value)
            ? result.Tokens[0].Value
            : Refuse<string?>(result, $"{name}: '{result.Tokens[0].Value}' is not known; choose {Listed(words)}."),
    };

    /// <summary>Some of a few words, with commas between them.</summary>
    internal static Option<string[]> Choices(string name, string value, string description, string standard, params string[] words) => new(name)
    {
        Description = description,
        HelpName = value,
        Arity = ArgumentArity.ExactlyOne,
        DefaultValueFactory = _ => [standard],
        CustomParser = result =>
        {
            var chosen = result.Tokens[0].Value.Split(',', StringSplitOptions.TrimEntries);
            return chosen.FirstOrDefault(c => !words.Contains(c)) is { } unknown
                ? Refuse<string[]>(result, $"{name}: '{unknown}' is not known; choose {Listed(words)}.")
                : chosen;
        },
    };

    internal static Option<long?> Integer(string name, string value, string description, long least = 1, long most = int.MaxValue) => new(name)
    {
        Description = description,
        HelpName = value,
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result => ParseInteger(result, name, least, most),
    };

    internal static Option<int> Integer(string name, string value, string description, int standard, int least) => new(name)
    {
        Description = description,
        HelpName = value,
        Arity = ArgumentArity.ExactlyOne,
        DefaultValueFactory = _ => standard,
        CustomParser = result => (int)(ParseInteger(result, name, least, int.MaxValue) ?? 0),
    };

    internal static Option<double?> Number(string name, string value, string description) => new(name)
    {
        Description = description,
        HelpName = value,
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result => ParseNumber(result, name, result.Tokens[0].Value),
    };

    internal static Option<double> Number(string name, string value, string description, double standard) => new(name)
    {
        Description = description,
        HelpName = value,
        Arity = ArgumentArity.ExactlyOne,
        DefaultValueFactory = _ => standard,
        CustomParser = result => ParseNumber(result, name, result.Tokens[0].Value) ?? 0,
    };

    /// <summary>Numbers with commas between them.</summary>
    internal static Option<double[]> Numbers(string name, string value, string description) => new(name)
    {
        Description = description,
        HelpName = value,
        Arity = ArgumentArity.ExactlyOne,
        DefaultValueFactory = _ => [],
        CustomParser = result => [.. result.Tokens[0].Value.Split(',').Select(part => ParseNumber(result, name, part.Trim()) ?? 0)],
    };

    /// <summary>Words as a sentence lists them: a, b or c.</summary>
    internal static string Listed(IReadOnlyList<string> words) =>
        words.Count == 1 ? words[0] : $"{string.Join(", ", words.SkipLast(1))} or {words[^1]}";

    private static long? ParseInteger(ArgumentResult result, string name, long least, long most)
    {
        var text = result.Tokens[0].Value;
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            return Refuse<long?>(result, $"{name}: '{text}' is no whole number.");
        return number >= least && number <= most ? number : Refuse<long?>(result, $"{name}: {text} is out of range; it must be at least {least}{(most < long.MaxValue ? $" and at most {most}" : "")}.");
    }

    private static double? ParseNumber(ArgumentResult result, string name, string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? number
            : Refuse<double?>(result, $"{name}: '{text}' is no number, such as 0.001.");

    private static T? Refuse<T>(ArgumentResult result, string sentence)
    {
        result.AddError(sentence);
        return default;
    }
}
