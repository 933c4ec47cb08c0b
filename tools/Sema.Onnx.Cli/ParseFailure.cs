using System.CommandLine;
using Sema.Onnx.Cli.Commands;

namespace Sema.Onnx.Cli;

/// <summary>Says in one sentence what is wrong with the arguments, and what was probably meant.</summary>
internal static class ParseFailure
{
    internal static string? Of(ParseResult parse)
    {
        var command = parse.CommandResult.Command;
        foreach (var token in parse.UnmatchedTokens.Concat(parse.CommandResult.Command.Arguments
            .SelectMany(a => parse.GetResult(a)?.Tokens ?? []).Select(t => t.Value).Where(v => v.StartsWith("--", StringComparison.Ordinal))))
        {
            return Unknown(token, command);
        }

        if (parse.Errors.Count == 0 || command is RootCommand)
            return null;
        var missing = command.Arguments.FirstOrDefault(a => a.Arity.MinimumNumberOfValues > 0 && parse.GetResult(a) is not { Tokens.Count: > 0 });
        return missing is null ? parse.Errors[0].Message : $"{missing.Name} is missing; the usage is: sema {((SemaCommand)command).Usage[0]}.";
    }

    internal static string Unknown(string token, Command command)
    {
        var isOption = token.StartsWith('-');
        var known = isOption ? command.Options.Select(o => o.Name).Append("--help").Append("--debug") : command.Subcommands.Select(c => c.Name);
        var what = isOption ? $"Unknown option '{token}'" : command.Subcommands.Count > 0 ? $"Unknown command '{token}'" : $"Unexpected argument '{token}'";
        return Nearest(token.Split('=')[0], known) is { } near ? $"{what}; did you mean '{near}'?" : $"{what}; see `{Full(command)} --help`.";
    }

    /// <summary>Finds the known name that takes the fewest edits, if they are few.</summary>
    internal static string? Nearest(string word, IEnumerable<string> known)
    {
        var best = known.Select(k => (Name: k, Edits: Edits(word, k))).OrderBy(k => k.Edits).FirstOrDefault();
        return best.Name is not null && best.Edits <= Math.Clamp(word.Length / 2, 1, 3) ? best.Name : null;
    }

    private static string Full(Command command) => command is RootCommand ? "sema" : $"sema {command.Name}";

    // Levenshtein's distance.
    private static int Edits(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
        }

        return row[^1];
    }
}
