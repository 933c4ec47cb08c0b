using System.CommandLine;
using Sema.Onnx.Cli.Options;

namespace Sema.Onnx.Cli.Commands;

/// <summary>A command: what its help says, its options in groups, what it does.</summary>
internal abstract class SemaCommand : Command
{
    /// <param name="name">Its name.</param>
    /// <param name="summary">One line for the list of commands.</param>
    private protected SemaCommand(string name, string summary)
        : base(name, summary)
    {
    }

    /// <summary>Gets what the help says first.</summary>
    internal abstract string About { get; }

    /// <summary>Gets how it is called, without the program's name.</summary>
    internal abstract IReadOnlyList<string> Usage { get; }

    internal abstract IReadOnlyList<string> Examples { get; }

    /// <summary>Gets its options as the help lists them.</summary>
    internal List<OptionGroup> Groups { get; } = [];

    /// <summary>Gets whether it stops by itself, in a good place, when it is interrupted.</summary>
    internal virtual bool StopsByItself => false;

    /// <summary>Runs it.</summary>
    /// <returns>The exit code.</returns>
    internal abstract int Run(ParseResult parse, Terminal terminal);

    /// <summary>Gets the arguments that a configuration file stands for.</summary>
    internal virtual IReadOnlyList<string> ConfigTokens(ParseResult parse) =>
        Groups.OfType<CommonOptions>().FirstOrDefault() is { } common && parse.GetResult(common.Config)?.Tokens is [var file]
            ? ConfigFile.Tokens(ConfigFile.Read(file.Value), parse, file.Value)
            : [];

    private protected T Add<T>(T group)
        where T : OptionGroup
    {
        Groups.Add(group);

        // --debug is every command's; the help lists it once more.
        foreach (var option in group.Options.Where(o => o.Name != "--debug"))
            Options.Add(option);
        return group;
    }

    private protected Argument<string> AddArgument(string name, string description, bool required = true)
    {
        var argument = new Argument<string>(name)
        {
            Description = description,
            Arity = required ? ArgumentArity.ExactlyOne : ArgumentArity.ZeroOrOne,
        };
        Arguments.Add(argument);
        return argument;
    }

    /// <summary>Gets the path of a file that has to be there.</summary>
    private protected static string Existing(string? path, string what) => path is null
        ? throw new UsageException($"The {what} is missing; name its file.")
        : Directory.Exists(path) ? throw new UsageException($"'{path}' is a folder; name the file of the {what}.")
        : File.Exists(path) ? path : throw new UsageException($"There is no {what} '{path}'.");

    /// <summary>Gets a path as a shell takes it.</summary>
    private protected static string Quoted(string path) => path.All(c => char.IsAsciiLetterOrDigit(c) || "/._-+:=@%,\\".Contains(c)) ? path : $"\"{path}\"";
}
