using System.CommandLine;
using Sema.Onnx.Cli.Commands;

namespace Sema.Onnx.Cli;

/// <summary>The `sema` command line: parses, runs, and turns every failure into a sentence and an exit code.</summary>
internal static class CommandLine
{
    private static readonly ParserConfiguration Parser = new() { EnablePosixBundling = false, ResponseFileTokenReplacer = null };

    /// <summary>Runs one invocation.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="terminal">Where to write.</param>
    /// <returns>The exit code.</returns>
    internal static int Run(IReadOnlyList<string> args, Terminal terminal)
    {
        var debug = args.Contains("--debug");
        try
        {
            var parse = Parse(args);
            if (HelpPage.Asked(args))
                return new HelpPage(terminal.HelpWidth).Write(Target(parse), terminal.Output);
            if (ParseFailure.Of(parse) is { } sentence)
                throw new UsageException(sentence);
            if (parse.CommandResult.Command is not SemaCommand command)
                return WriteRoot(args, parse, terminal);
            using var interruption = command.StopsByItself ? null : new Interruption(atOnce: true);
            return command.Run(parse, terminal);
        }
        catch (Exception e) when (Reportable(e))
        {
            if (Interruption.Ends)
                return ExitCode.Interrupted;
            var failure = Failure.Of(e);
            terminal.Error.WriteLine($"sema: {failure.Sentence}");
            if (debug)
                terminal.Error.WriteLine(e);
            return failure.Code;
        }
    }

    /// <summary>Makes the command tree.</summary>
    internal static RootCommand Root()
    {
        var root = new RootCommand("Fine-tunes pretrained ONNX models on stock ONNX Runtime, with averaged weights. No Python.")
        {
            new InspectCommand(), new ArtifactsCommand(), new TrainCommand(), new EvalCommand(), new ExportCommand(), new AverageCommand(), new VerifyCommand(), new GradcheckCommand(), new DemoCommand(),
        };
        root.Add(new Option<bool>("--debug") { Description = "On a failure, print the stack trace too.", Recursive = true });
        return root;
    }

    /// <summary>Parses, with the options of a --config file where the arguments name one.</summary>
    internal static ParseResult Parse(IReadOnlyList<string> args)
    {
        var root = Root();
        var parse = root.Parse(args, Parser);
        return parse.CommandResult.Command is SemaCommand command && command.ConfigTokens(parse) is { Count: > 0 } tokens
            ? root.Parse([.. args, .. tokens], Parser)
            : parse;
    }

    private static Command Target(ParseResult parse) => parse.CommandResult.Command;

    private static int WriteRoot(IReadOnlyList<string> args, ParseResult parse, Terminal terminal)
    {
        if (args.Contains("--version"))
        {
            terminal.Output.WriteLine(typeof(CommandLine).Assembly.GetName().Version!.ToString(3));
            return ExitCode.Done;
        }

        new HelpPage(terminal.HelpWidth).Write(Target(parse), terminal.Error);
        return ExitCode.BadInput;
    }

    // Everything but a broken process: those say more when they end it.
    private static bool Reportable(Exception e) => e is not (StackOverflowException or AccessViolationException);
}
