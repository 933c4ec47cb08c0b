using System.CommandLine;
using System.Globalization;
using Sema.Onnx.Cli.Commands;

namespace Sema.Onnx.Cli;

/// <summary>Writes help: what a command does, its usage, its options in groups, examples.</summary>
/// <param name="width">The width of a line.</param>
internal sealed class HelpPage(int width)
{
    private const int LeftWidth = 30;

    /// <summary>Gets whether the arguments ask for help.</summary>
    internal static bool Asked(IReadOnlyList<string> args) => args.Any(a => a is "--help" or "-h" or "-?");

    internal int Write(Command command, TextWriter writer)
    {
        if (command is SemaCommand sema)
            WriteCommand(sema, writer);
        else
            WriteRoot(command, writer);
        return ExitCode.Done;
    }

    private void WriteRoot(Command root, TextWriter writer)
    {
        WriteWrapped(writer, root.Description!, "");
        writer.WriteLine("\nUsage:\n  sema COMMAND [arguments] [options]\n\nCommands:");
        foreach (var command in root.Subcommands)
            WriteRow(writer, command.Name, command.Description!, left: 13);
        writer.WriteLine("\nOptions:");
        WriteRow(writer, "--help", "Show help; `sema COMMAND --help` shows a command's options and examples.", left: 13);
        WriteRow(writer, "--version", "Show the version.", left: 13);
        WriteRow(writer, "--debug", "On a failure, print the stack trace too.", left: 13);
        writer.WriteLine("\nExit codes: 0 done, 1 failed, 2 bad arguments or input, 130 stopped by Ctrl-C.");
        writer.WriteLine("\nStart here:\n  sema demo");
        writer.WriteLine("  sema inspect model.onnx\n  sema train model.onnx --data npz:data/ --out run\n  sema export run tuned.onnx");
    }

    private void WriteCommand(SemaCommand command, TextWriter writer)
    {
        WriteWrapped(writer, command.About, "");
        writer.WriteLine("\nUsage:");
        foreach (var usage in command.Usage)
            writer.WriteLine($"  sema {usage}");
        if (command.Arguments.Count > 0)
            writer.WriteLine("\nArguments:");
        foreach (var argument in command.Arguments)
            WriteRow(writer, argument.Name, argument.Description!, LeftWidth);
        foreach (var group in command.Groups)
        {
            writer.WriteLine($"\n{group.Title}:");
            foreach (var option in group.Options)
                WriteRow(writer, Left(option), Right(option), LeftWidth);
        }

        writer.WriteLine("\nExamples:");
        foreach (var example in command.Examples)
            writer.WriteLine($"  {example}");
    }

    private static string Left(Option option) =>
        string.Join(", ", option.Aliases.Where(a => a != option.Name).Prepend(option.Name)) + (option.HelpName is { } value ? " " + value : "");

    private static string Right(Option option) => option.HasDefaultValue && Default(option.GetDefaultValue()) is { } text
        ? $"{option.Description} [default: {text}]"
        : option.Description!;

    private static string? Default(object? value) => value switch
    {
        null or false or Array => null,
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString(),
    };

    private void WriteRow(TextWriter writer, string name, string description, int left)
    {
        var start = $"  {name}";
        if (start.Length > left - 2)
        {
            writer.WriteLine(start);
            start = "";
        }

        WriteWrapped(writer, description, new string(' ', left), start.PadRight(left));
    }

    private void WriteWrapped(TextWriter writer, string text, string indent, string? first = null)
    {
        foreach (var paragraph in text.Split('\n'))
        {
            var line = first ?? indent;
            first = null;
            foreach (var word in paragraph.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                if (line.Length + word.Length > width && line.Trim().Length > 0 && line.Length > indent.Length)
                {
                    writer.WriteLine(line.TrimEnd());
                    line = indent;
                }

                line += word + " ";
            }

            writer.WriteLine(line.TrimEnd());
        }
    }
}
