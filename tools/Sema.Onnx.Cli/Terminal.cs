using Spectre.Console;

namespace Sema.Onnx.Cli;

/// <summary>Where a command writes, and whether a person looks at it.</summary>
/// <param name="Output">Standard output: results.</param>
/// <param name="Error">Standard error: failures, and progress when standard output holds JSON.</param>
/// <param name="OutputIsLive">Whether standard output is a terminal that can be redrawn.</param>
/// <param name="ErrorIsLive">Whether standard error is one.</param>
internal sealed record Terminal(TextWriter Output, TextWriter Error, bool OutputIsLive, bool ErrorIsLive)
{
    /// <summary>What is not shown on a terminal is wide, so that no line is broken.</summary>
    private const int FileWidth = 200;

    /// <summary>The widest that help and tables get on a terminal.</summary>
    private const int ComfortableWidth = 110;

    internal static Terminal System()
    {
        var dumb = Environment.GetEnvironmentVariable("TERM") is null or "dumb" && !OperatingSystem.IsWindows();
        return new(Console.Out, Console.Error, !Console.IsOutputRedirected && !dumb, !Console.IsErrorRedirected && !dumb);
    }

    /// <summary>Gets the width that help is set to.</summary>
    internal int HelpWidth => OutputIsLive ? Math.Clamp(Console.WindowWidth, 60, ComfortableWidth) : ComfortableWidth;

    /// <summary>Makes a console for tables and progress.</summary>
    /// <param name="json">Whether standard output is kept for one JSON document.</param>
    internal IAnsiConsole View(bool json)
    {
        var (writer, live) = json ? (Error, ErrorIsLive) : (Output, OutputIsLive);
        var console = AnsiConsole.Create(new()
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = live ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = live && Environment.GetEnvironmentVariable("NO_COLOR") is null ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = live ? InteractionSupport.Yes : InteractionSupport.No,
        });
        console.Profile.Width = live ? Math.Max(Console.WindowWidth, 40) : FileWidth;
        return console;
    }
}
