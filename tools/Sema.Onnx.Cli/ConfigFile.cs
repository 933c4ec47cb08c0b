using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Sema.Onnx.Cli;

/// <summary>Options in a file: a JSON object by the options' names without their dashes, and <c>model</c> for the model.</summary>
internal static class ConfigFile
{
    /// <summary>The key of the model, which is an argument and not an option.</summary>
    internal const string Model = "model";

    private const long MostBytes = 1 << 20;

    /// <exception cref="UsageException">The file is missing, too large, or no JSON object.</exception>
    internal static JsonObject Read(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MostBytes)
                throw new UsageException($"The configuration '{path}' is larger than 1 MiB; it should hold one JSON object of options.");
            return JsonNode.Parse(File.ReadAllBytes(path)) as JsonObject
                ?? throw new UsageException($"The configuration '{path}' holds no JSON object, such as {{\"epochs\": 3, \"lr\": 0.001}}.");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new UsageException($"There is no configuration '{path}'.", e);
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new UsageException($"The configuration '{path}' is no JSON ({e.Message.Split(" LineNumber")[0]}); it should hold one object, such as {{\"epochs\": 3}}.", e);
        }
    }

    /// <summary>Turns a configuration into the arguments that it stands for, less those that are given already.</summary>
    /// <param name="config">The options.</param>
    /// <param name="parse">The arguments as given.</param>
    /// <param name="source">The file, for messages.</param>
    internal static IReadOnlyList<string> Tokens(JsonObject config, ParseResult parse, string source)
    {
        var command = parse.CommandResult.Command;
        var tokens = new List<string>();
        foreach (var (key, value) in config)
        {
            if (key == Model && command.Arguments is [var model, ..])
            {
                if (parse.GetResult(model) is not { Tokens.Count: > 0 } && value is not null)
                    tokens.Add(Text(value, source, key));
                continue;
            }

            var option = command.Options.FirstOrDefault(o => o.Name == "--" + key)
                ?? throw new UsageException($"The configuration '{source}' has an unknown option '{key}'"
                    + (ParseFailure.Nearest(key, command.Options.Select(o => o.Name[2..])) is { } near ? $"; did you mean '{near}'?" : $"; see `sema {command.Name} --help`."));
            if (value is not null && !IsGiven(parse, option))
                tokens.AddRange(Tokens(option, value, source));
        }

        return tokens;
    }

    /// <summary>Gets whether an option stands on the command line itself.</summary>
    internal static bool IsGiven(ParseResult parse, Option option) => parse.GetResult(option) is { Implicit: false };

    /// <summary>Turns the value of an option into JSON; <see langword="null"/> for one that is not set.</summary>
    internal static JsonNode? ToJson(object? value) => value switch
    {
        null or false => null,
        true => JsonValue.Create(true),
        int number => JsonValue.Create(number),
        long number => JsonValue.Create(number),
        double number => JsonValue.Create(number),
        string text => JsonValue.Create(text),
        double[] { Length: > 0 } numbers => new JsonArray([.. numbers.Select(n => (JsonNode)JsonValue.Create(n))]),
        string[] { Length: > 0 } texts => new JsonArray([.. texts.Select(t => (JsonNode)JsonValue.Create(t))]),
        Array => null,
        _ => throw new InvalidOperationException($"An option's value is of the type {value.GetType().Name}."),
    };

    private static IEnumerable<string> Tokens(Option option, JsonNode value, string source)
    {
        if (value.GetValueKind() is JsonValueKind.True or JsonValueKind.False)
        {
            if (option.ValueType != typeof(bool))
                throw new UsageException($"The configuration '{source}' sets '{option.Name[2..]}' to true or false, but it takes a value.");
            return value.GetValue<bool>() ? [option.Name] : [];
        }

        if (option.ValueType == typeof(bool))
            throw new UsageException($"The configuration '{source}' sets '{option.Name[2..]}' to {value.ToJsonString()}; it is true or false.");
        if (value is not JsonArray array)
            return [option.Name, Text(value, source, option.Name[2..])];
        var texts = array.Select(item => Text(item, source, option.Name[2..]));
        return option.Arity.MaximumNumberOfValues > 1 ? texts.SelectMany(text => new[] { option.Name, text }) : [option.Name, string.Join(',', texts)];
    }

    private static string Text(JsonNode? value, string source, string key) => value?.GetValueKind() switch
    {
        JsonValueKind.String => value.GetValue<string>(),
        JsonValueKind.Number => value.ToJsonString().ToString(CultureInfo.InvariantCulture),
        _ => throw new UsageException($"The configuration '{source}' sets '{key}' to {value?.ToJsonString() ?? "null"}; write a text, a number, or a list of them."),
    };
}
